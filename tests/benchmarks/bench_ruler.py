"""A million labels onto one ruler: read, fit, store, place a session, show the pages.

Run with: .venv/bin/python -m tests.benchmarks.bench_ruler [--labels 1000000] [--database sqlite|postgres]

Budgets: a page within 300 ms, a session placed within 10 ms of arithmetic. Numba is used where it is installed
(GRADUS_PLAIN_NUMPY=1 leaves it aside).
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.services import POSTGRES

PAGES = (
    "/projects/{slug}/raters/",
    "/projects/{slug}/raters/?page=3",
    "/projects/{slug}/scale/",
    "/projects/{slug}/raters/wright-map.svg",
    "/projects/{slug}/raters/raters.csv",
    "/raters/{rater}/",
)
COLUMNS = (
    *("rater_id", "criterion_id", "step_id", "assignment_id", "value", "text", "evidence"),
    *("has_seen_prelabels", "is_live", "created_at"),
)
PEOPLE, JUDGES, STEPS_A_TRACE, RATERS_A_STEP = 300, 5, 10, 4


@contextmanager
def a_database(kind: str, folder: str) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{folder}/ruler.sqlite3"
        return
    import psycopg

    name = f"bench_ruler_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(POSTGRES.address, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        try:
            yield POSTGRES.address.rpartition("/")[0] + f"/{name}"
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def timed(what: str) -> Iterator[None]:
    began, cpu = time.perf_counter(), time.process_time()
    yield
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    took, worked = time.perf_counter() - began, time.process_time() - cpu
    print(f"{what:44s} {took:8.3f} s  (CPU {worked:7.3f} s, peak {peak:,.0f} MB)")


def furnish(n_labels: int) -> Any:
    """A project whose steps are read by a few of many people and machines, by two questions."""
    import numpy as np
    from django.db import connection
    from django.utils import timezone

    from annotate.enums import AssignmentState, CriterionKind, RaterKind, Role
    from annotate.ingest.founding import create_rubric, use_rubric
    from annotate.ingest.presets import CriterionPreset, LevelPreset
    from annotate.models import Assignment, Label, Problem, Rater, Step, Trace
    from tests.factories import a_person, a_project

    rng = np.random.default_rng(1)
    project = a_project(slug="long", vera=Role.VIEWER)
    five = tuple(LevelPreset(f"l{i}", f"Level {i}", score=float(i)) for i in range(5))
    three = (
        LevelPreset("bad", "Bad", score=-1.0),
        LevelPreset("neutral", "Neutral", score=0.0),
        LevelPreset("good", "Good", score=1.0),
        LevelPreset("unsure", "Unsure"),
    )
    rubric = create_rubric(
        project,
        name="two",
        criteria=(
            CriterionPreset("verdict", "Verdict", "Is it right?", kind=CriterionKind.VERDICT, levels=three),
            CriterionPreset("clarity", "Clarity", "Is it clear?", kind=CriterionKind.ORDINAL, levels=five),
        ),
    )
    use_rubric(project, rubric)
    criteria = list(rubric.criteria.order_by("position"))
    raters = Rater.objects.bulk_create(
        [Rater(project=project, kind=RaterKind.PERSON, name=f"person {i}") for i in range(PEOPLE)]
        + [Rater(project=project, kind=RaterKind.JUDGE, name=f"judge/{i}@1") for i in range(JUDGES)]
    )
    person = a_person("bob")
    Rater.objects.filter(pk=raters[0].pk).update(person=person)
    n_traces = n_labels // (STEPS_A_TRACE * RATERS_A_STEP * len(criteria))
    problem = Problem.objects.create(project=project, external_id="p", text="?", content_hash="0" * 64)
    traces = Trace.objects.bulk_create(
        (
            Trace(
                project=project,
                problem=problem,
                external_id=f"t{i}",
                n_steps=STEPS_A_TRACE,
                text_hash="0" * 64,
                content_hash=f"{i:064d}",
                source_model=f"model-{i % 4}",
            )
            for i in range(n_traces)
        ),
        batch_size=2000,
    )
    Step.objects.bulk_create(
        (
            Step(trace=trace, position=i, text=f"Step {i}: one more.\n" * (1 + i % 3), tail=1)
            for trace in traces
            for i in range(STEPS_A_TRACE)
        ),
        batch_size=5000,
    )
    steps = np.array(list(Step.objects.order_by("trace", "position").values_list("pk", flat=True)))
    steps = steps.reshape(n_traces, STEPS_A_TRACE)
    theta = rng.normal(0, 1.5, steps.shape)
    severity = rng.normal(0, 0.6, len(raters))
    now = timezone.now()
    assignments = []
    chosen = []
    for trace in traces:
        who = [*rng.choice(PEOPLE, RATERS_A_STEP - 1, replace=False), PEOPLE + rng.integers(JUDGES)]
        chosen.append(who)
        for slot, j in enumerate(who[:-1]):
            assignments.append(
                Assignment(
                    project=project,
                    trace=trace,
                    slot=slot,
                    state=AssignmentState.SUBMITTED,
                    holder=raters[j],
                    finished_at=now,
                    seconds_per_step=5.0,
                )
            )
    Assignment.objects.bulk_create(assignments, batch_size=2000)
    slot_of = {(one.trace_id, one.holder_id): one.pk for one in assignments}
    columns = ", ".join(COLUMNS)
    keys = [[level.key for level in three[:3]], [level.key for level in five]]

    def rows() -> Iterator[tuple[Any, ...]]:
        for i, trace in enumerate(traces):
            for j in chosen[i]:
                slot = slot_of.get((trace.pk, raters[j].pk))
                for c, criterion in enumerate(criteria):
                    eta = theta[i] - severity[j] + 0.3 * c
                    k = np.clip(
                        np.round((eta + rng.logistic(0, 1, len(eta))) / 1.2 + (len(keys[c]) - 1) / 2),
                        0,
                        len(keys[c]) - 1,
                    ).astype(int)
                    for step, level in zip(steps[i].tolist(), k.tolist(), strict=True):
                        yield (
                            raters[j].pk,
                            criterion.pk,
                            step,
                            slot,
                            keys[c][level],
                            "",
                            "{}",
                            False,
                            True,
                            now.isoformat(" "),
                        )

    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {Label._meta.db_table} ({columns}) FROM STDIN") as copy:
                for row in rows():
                    copy.write_row(row)
            cursor.execute("ANALYZE")
        else:
            marks = ", ".join(["%s"] * 10)
            cursor.executemany(f"INSERT INTO {Label._meta.db_table} ({columns}) VALUES ({marks})", rows())
    return project


def main(n_labels: int, database: str, kept: str) -> None:
    with tempfile.TemporaryDirectory() as passing, a_database(database, folder := kept or passing) as address:
        os.environ |= {
            "GRADUS_HOME": folder,
            "DATABASE_URL": address,
            "DJANGO_SETTINGS_MODULE": "webapp.settings",
        }
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        from annotate.models import Project

        project = Project.objects.filter(slug="long").first()
        if project is None:
            with timed("furnish"):
                project = furnish(n_labels)
        measure(project)


def measure(project: Any) -> None:
    from django.test import Client

    from annotate.measure.queries import data_version_of
    from annotate.measure.ruler.actions import fit_ruler, place_sessions, wants_fit
    from annotate.measure.ruler.fitting import fit_scale
    from annotate.measure.ruler.labels import ruler_labels
    from annotate.models import Assignment, Ruler, Standing
    from tests.factories import a_person

    with timed("data version"):
        data_version_of(project)
    with timed("read the labels"):
        labels = ruler_labels(project)
    print(f"{len(labels):,} labels by {len(labels.raters)} raters")
    with timed("fit (with compiling, where numba is there)"):
        scale = fit_scale(labels)
    print(f"{scale.fit.n_iter} rounds: {scale.fit.message}")
    del labels, scale
    with timed("all of it again: read, fit, summarise, store"):
        fit_ruler(project)
    standing = Standing.objects.get(ruler__is_current=True)
    print(f"standing: {len(bytes(standing.elements)) / 1e6:.2f} MB")
    # A session that the fit has not seen: its assignment is taken out of what it rests on.
    for _ in range(3):
        forget_one(standing, Assignment.objects.filter(project=project).order_by("-pk").first())
        with timed("place a session (all of its turn)"):
            placed = place_sessions(project)
        assert placed.n_sessions == 1, placed
    with timed("ask whether to fit anew"):
        wants_fit(Ruler.objects.get(is_current=True))
    client = Client(headers={"host": "localhost"})
    client.force_login(a_person("alice"))
    rater = project.raters.first().pk
    for page in PAGES:
        path = page.format(slug=project.slug, rater=rater)
        client.get(path)
        with timed(path):
            answer = client.get(path)
        print(f"  {answer.status_code}, {len(answer.content) / 1000:.0f} kB")


def forget_one(standing: Any, assignment: Any) -> None:
    from dataclasses import replace

    from django.utils import timezone

    from annotate.measure.ruler.standing import packed, unpacked_elements

    stand = unpacked_elements(bytes(standing.elements))
    kept = stand.sessions[stand.sessions != assignment.pk]
    standing.elements, standing.moved = packed(replace(stand, sessions=kept)), b""
    standing.sessions = []
    standing.save()
    type(assignment).objects.filter(pk=assignment.pk).update(finished_at=timezone.now())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--labels", type=int, default=1_000_000)
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--folder", default="", help="keep the SQLite database here for another time")
    options = parser.parse_args()
    main(options.labels, options.database, options.folder)
