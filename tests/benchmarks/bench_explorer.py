"""A million decisions explored: count a run, show its pages, hold two runs against each other.

Run with: .venv/bin/python -m tests.benchmarks.bench_explorer [--steps 1000000] [--database sqlite|postgres]

Budget: a page within 300 ms. Traces, labels and decisions are made up; two runs of 10 steps a trace, one with risks.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from typing import Any

from tests.benchmarks.bench_ruler import a_database, timed

STEPS_A_TRACE, GOLD_EVERY = 10, 20
PAGES = (
    "/consensus/{run}/explorer/",
    "/consensus/{run}/explorer/?risk=0.1",
    "/consensus/{run}/explorer/risks.csv",
    "/consensus/{run}/beside/?with={other}",
    "/consensus/{run}/beside/?with={other}&left=keep:good&right=keep:bad",
    "/api/runs/{run}/exploration/",
    "/api/runs/{run}/beside/?with={other}",
    "/decisions/{decision}/",
)


# Numbers from 0 on, on either database.
NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {last})"
# As good as drawn: a thousandth from a step's key, another one for every salt. Statements here take values, hence %%.
DRAWN = "((s.id * 7919 + {salt} * 104729 + (s.id / 13) * 31) %% 1000)"
IS_BAD = f"{DRAWN.format(salt=1)} < 150"


def furnish(n_steps: int) -> tuple[Any, Any]:
    """Two finished runs over as many steps that four raters have labelled; one trace in twenty has keys."""
    from django.db import connection
    from django.utils import timezone

    from annotate.enums import RaterKind, RunKind, RunState
    from annotate.models import Problem, Run
    from tests.factories import a_criterion, a_project, a_rater, freeze_rubric

    project = a_project(slug="long")
    criterion = a_criterion(project)
    freeze_rubric(criterion.rubric)
    problem = Problem.objects.create(project=project, external_id="p", text="?", content_hash="0" * 64)
    now = timezone.now()
    kinds = (RaterKind.PERSON, RaterKind.PERSON, RaterKind.JUDGE, RaterKind.VERIFIER)
    raters = [a_rater(project, kind, f"{kind} {i}") for i, kind in enumerate(kinds)]
    gold = a_rater(project, RaterKind.GOLD, "gold/key")
    runs = [
        Run.objects.create(
            project=project,
            kind=RunKind.CONSENSUS,
            name=name,
            criterion=criterion,
            settings=settings,
            state=RunState.DONE,
            summary={"version": 1, "funnel": []},
            started_at=now,
            finished_at=now,
        )
        for name, settings in (("dawid_skene", {"confidence": 0.95}), ("majority", {}))
    ]
    with connection.cursor() as cursor:
        _corpus(cursor, project.pk, problem.pk, n_steps // STEPS_A_TRACE, now)
        for salt, rater in enumerate(raters, start=2):
            flips = f"({IS_BAD}) <> ({DRAWN.format(salt=salt)} < 100)"
            _labels(cursor, rater.pk, criterion.pk, flips, "1 = 1", now)
        _labels(cursor, gold.pk, criterion.pk, IS_BAD, f"(s.trace_id %% {GOLD_EVERY}) = 0", now)
        for salt, run in enumerate(runs, start=20):
            _decisions(cursor, run.pk, salt, has_risk=run.name == "dawid_skene")
    return runs[0], runs[1]


def _corpus(cursor: Any, project: int, problem: int, n_traces: int, now: Any) -> None:
    cursor.execute(
        "INSERT INTO annotate_trace (project_id, problem_id, external_id, source_model, n_steps, text_hash,"
        f" content_hash, boundary_version, meta, created_at) {NUMBERS.format(last=n_traces - 1)}"
        " SELECT %s, %s, 't' || i, 'model-' || (i %% 4), %s, '', '' || i, 1, '{}', %s FROM n",
        [project, problem, STEPS_A_TRACE, now],
    )
    cursor.execute(
        "INSERT INTO annotate_step (trace_id, position, text, tail, kind, meta)"
        f" {NUMBERS.format(last=STEPS_A_TRACE - 1)}"
        " SELECT t.id, n.i, 'One more.', 0, 'thought', '{}' FROM annotate_trace t CROSS JOIN n ORDER BY t.id, n.i"
    )


def _labels(cursor: Any, rater: int, criterion: int, is_bad: str, where: str, now: Any) -> None:
    asked = f"SELECT %s, %s, s.id, CASE WHEN {is_bad} THEN 'bad' ELSE 'good' END, '', '{{}}', 4.0, %s, %s, %s"
    cursor.execute(
        "INSERT INTO annotate_label (rater_id, criterion_id, step_id, value, text, evidence, seconds,"
        " has_seen_prelabels, is_live, created_at) "
        f"{asked} FROM annotate_step s WHERE {where}",
        [rater, criterion, False, True, now],
    )


def _decisions(cursor: Any, run: int, salt: int, *, has_risk: bool) -> None:
    """Nine in ten are kept; the less sure the likelier wrong."""
    drawn = DRAWN.format(salt=salt)
    wrong = f"(({IS_BAD}) <> ({drawn} %% 50 = 0))"
    sure = f"1.0 - {drawn} * {drawn} / 16000000.0" if has_risk else "NULL"
    cursor.execute(
        "INSERT INTO annotate_consensus (run_id, step_id, action, value, probability, tier, reason, explanation,"
        f" spoke) SELECT %s, s.id, CASE WHEN {drawn} < 900 THEN 'keep' ELSE 'ask' END, CASE WHEN {drawn} >= 900 THEN ''"
        f" WHEN {wrong} THEN 'bad' ELSE 'good' END, {sure}, '', 'made_up', 'Made up.', '[]'"
        " FROM annotate_step s ORDER BY s.id",
        [run],
    )


def main(n_steps: int, database: str) -> None:
    with tempfile.TemporaryDirectory() as folder, a_database(database, folder) as address:
        os.environ |= {
            "GRADUS_HOME": folder,
            "DATABASE_URL": address,
            "DJANGO_SETTINGS_MODULE": "webapp.settings",
        }
        import django

        django.setup()
        from django.core.management import call_command
        from django.db import connection

        call_command("migrate", verbosity=0)
        with timed("furnish"):
            runs = furnish(n_steps)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        measure(*runs)


def measure(run: Any, other: Any) -> None:
    from django.test import Client

    from annotate.consensus.explore.actions import explore_run
    from annotate.models import Exploration
    from tests.factories import a_person

    for one in (run, other):
        with timed(f"count {one.name}"):
            explore_run(one)
    held = Exploration.objects.get(run=run)
    print(f"columns: {len(bytes(held.columns)) / 1e6:.2f} MB")
    client = Client(headers={"host": "localhost"})
    client.force_login(a_person("alice"))
    decision = run.consensus.order_by("pk").first().pk
    for page in PAGES:
        path = page.format(run=run.pk, other=other.pk, decision=decision)
        client.get(path)
        with timed(path):
            answer = client.get(path)
        print(f"  {answer.status_code}, {len(answer.content) / 1000:.0f} kB")
    with timed("every decision as CSV, streamed"):
        streamed = sum(len(part) for part in client.get(f"/consensus/{run.pk}/decisions.csv"))
    print(f"  {streamed / 1e6:.0f} MB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    options = parser.parse_args()
    main(options.steps, options.database)
