"""A project of a million traces, made inside PostgreSQL: ten steps each, and three labels a step.

Run with: DATABASE_URL=postgres://… .venv/bin/python -m tests.benchmarks.big_project [--traces 1000000] [--people 300]

The database must be empty. Every other trace has been read twice, by people who take turns; the others wait in the
queue with two open slots. Two machines have labelled every step in a run each, one trace in fifty has a reviewer's
decision, one in a hundred a comment, and a consensus run has decided every step. Rows are made by ``INSERT … SELECT``
with foreign keys unchecked and indexes taken away meanwhile: as rows they are those that the product writes.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

SLUG = "big"
STEPS_A_TRACE, SLOTS_A_TRACE, TRACES_A_PROBLEM = 10, 2, 4
DECIDED_EVERY, COMMENTED_EVERY, GOLD_EVERY = 50, 100, 50
# Whose indexes are taken away while they are filled.
BIG = ("trace", "step", "label", "assignment", "turn", "unit", "completion", "consensus", "problem")
WORDS = (
    "so we have the sum of both sides and divide by the number of apples in each basket which gives a remainder "
    "that cannot be an integer therefore the second factor must be prime and the ratio of the angles follows "
)
# As good as drawn: 0 to 999 from a row's key, other ones for every salt.
DRAWN = "(({id} * 7919 + {salt} * 104729 + ({id} / 13) * 31) % 1000)"
IS_BAD = f"{DRAWN.format(id='s.id', salt=1)} < 150"
TRUTH = f"CASE WHEN {IS_BAD} THEN 'bad' ELSE 'good' END"


def furnish(n_traces: int, n_people: int, *, say: Callable[[str], None] = lambda line: None) -> Any:
    """The project, with an owner ``owner``, a reviewer ``carol`` and annotators ``person000`` and so on."""
    from django.db import connection

    project = _found(n_people)
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        with _without_indexes(cursor, say):
            for name, statement in _statements(project, n_traces, n_people):
                began = time.perf_counter()
                cursor.execute(statement)
                say(f"{name:<12} {cursor.rowcount:>12,} rows {time.perf_counter() - began:8.1f} s")
        cursor.execute("SET session_replication_role = DEFAULT")
        began = time.perf_counter()
        cursor.execute("ANALYZE")
        say(f"analysed {time.perf_counter() - began:8.1f} s")
    project.refresh_from_db()
    return project


def name_of(number: int) -> str:
    return f"person{number:03d}"


def _found(n_people: int) -> Any:
    from annotate.enums import RaterKind, Role, RunKind, RunState
    from annotate.ingest.founding import add_member, create_project, freeze_rubric
    from annotate.models import Criterion, Membership, Person, Rater, Reader, Run

    owner = Person.objects.create_user(username="owner", password=None)
    project = create_project(owner, name="Big", slug=SLUG, overlap=SLOTS_A_TRACE)
    assert project.rubric is not None
    freeze_rubric(project.rubric)
    carol = Person.objects.create_user(username="carol", password=None)
    add_member(project, carol, Role.REVIEWER)
    people = Person.objects.bulk_create(Person(username=name_of(i), password="!") for i in range(n_people))
    Membership.objects.bulk_create(
        Membership(project=project, person=person, role=Role.ANNOTATOR) for person in people
    )
    raters = Rater.objects.bulk_create(
        Rater(project=project, kind=RaterKind.PERSON, name=person.username, person=person)
        for person in people
    )
    Reader.objects.bulk_create(Reader(project=project, rater=rater) for rater in raters)
    Rater.objects.create(project=project, kind=RaterKind.PERSON, name="carol", person=carol)
    Rater.objects.create(project=project, kind=RaterKind.REVIEW, name="review")
    Rater.objects.create(project=project, kind=RaterKind.GOLD, name="gold/key")
    verdict = Criterion.objects.get(rubric=project.rubric, key="verdict")
    for name in ("judge/one@v1", "judge/two@v1"):
        judge = Rater.objects.create(project=project, kind=RaterKind.JUDGE, name=name)
        Run.objects.create(
            project=project,
            kind=RunKind.PRELABEL,
            name="judge/critique",
            criterion=verdict,
            rater=judge,
            state=RunState.DONE,
        )
    Run.objects.create(
        project=project,
        kind=RunKind.CONSENSUS,
        name="majority",
        criterion=verdict,
        state=RunState.DONE,
        summary={"version": 1, "funnel": []},
    )
    return project


@contextmanager
def _without_indexes(cursor: Any, say: Callable[[str], None]) -> Iterator[None]:
    """Indexes that no constraint needs are made again at the end, which is several times as fast."""
    cursor.execute(
        "SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i"
        " WHERE i.indrelid::regclass::text = ANY(%s) AND NOT i.indisprimary"
        " AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.indexrelid)",
        [[f"annotate_{table}" for table in BIG]],
    )
    indexes = cursor.fetchall()
    for name, _ in indexes:
        cursor.execute(f"DROP INDEX {name}")
    yield
    cursor.execute("SET maintenance_work_mem = '1GB'")
    began = time.perf_counter()
    for _, made in indexes:
        cursor.execute(made)
    cursor.execute("RESET maintenance_work_mem")
    say(f"{len(indexes)} indexes {time.perf_counter() - began:8.1f} s")


def _statements(project: Any, n_traces: int, n_people: int) -> list[tuple[str, str]]:
    """What fills each table, in order. Nothing in them comes from outside: ids and counts are whole numbers."""
    from annotate.models import Criterion, Person, Rater, Run

    p, n, k = project.pk, n_traces, n_people
    verdict = Criterion.objects.get(rubric=project.rubric, key="verdict").pk
    first_reader = Rater.objects.get(project=project, name=name_of(0)).pk
    rater_of = dict(Rater.objects.filter(project=project).values_list("name", "pk"))
    carol = Person.objects.get(username="carol").pk
    judged = list(Run.objects.filter(project=project, rater__isnull=False).order_by("pk"))
    decided = Run.objects.get(project=project, rater=None).pk
    drawn = DRAWN.format
    position = "(100::bigint << 54) | t.id"
    steps = f"annotate_step s JOIN annotate_trace t ON t.id = s.trace_id WHERE t.project_id = {p}"
    return [
        (
            "problems",
            f"INSERT INTO annotate_problem (project_id, external_id, text, reference_answer, content_hash, meta)"
            f" SELECT {p}, 'p' || i, 'Problem ' || i || ': ' || substr('{WORDS}', i % 40 + 1, 150),"
            f" (i * 7919 % 997)::text, md5('p' || i), '{{}}'"
            f" FROM generate_series(1, {n // TRACES_A_PROBLEM + 1}) i",
        ),
        (
            "traces",
            "INSERT INTO annotate_trace (project_id, problem_id, external_id, source_model, outcome, n_steps,"
            " text_hash, content_hash, boundary_version, meta, created_at)"
            f" SELECT {p}, (SELECT min(id) FROM annotate_problem WHERE project_id = {p}) + i / {TRACES_A_PROBLEM},"
            f" 't' || i, 'model-' || i % 4, CASE i % 3 WHEN 0 THEN 'right' WHEN 1 THEN 'wrong' END, {STEPS_A_TRACE},"
            " md5('x' || i), md5('c' || i), 1, jsonb_build_object('dataset', 'set' || i % 5),"
            f" now() - interval '90 days' + i * interval '1 second' FROM generate_series(1, {n}) i",
        ),
        (
            "steps",
            "INSERT INTO annotate_step (trace_id, position, text, tail, kind, meta)"
            " SELECT t.id, i, 'Step ' || i || ': ' || (t.id * 31 + i) % 997 || ' + ' || i || ' = ' || (t.id + i) % 997"
            f" || ', ' || substr('{WORDS}', ((t.id + i) % 50)::int + 1, 130) || E'\\n\\n', 2, 'thought', '{{}}'"
            f" FROM annotate_trace t CROSS JOIN generate_series(0, {STEPS_A_TRACE - 1}) i WHERE t.project_id = {p}"
            " ORDER BY t.id, i",
        ),
        (
            "turns",
            "INSERT INTO annotate_turn (project_id, trace_id, use, stratum, skill, n_submitted, priority, luck, share,"
            " has_gold, disagreement, unheard, position)"
            f" SELECT {p}, t.id, 'work', t.meta ->> 'dataset', '',"
            f" CASE t.id % 2 WHEN 0 THEN {SLOTS_A_TRACE} ELSE 0 END,"
            f" 0, ('x' || substr(md5(t.id::text), 1, 7))::bit(28)::int, 0, t.id % {GOLD_EVERY} = 0,"
            f" CASE t.id % 2 WHEN 0 THEN {drawn(id='t.id', salt=3)} / 1000.0 END, 0, {position}"
            f" FROM annotate_trace t WHERE t.project_id = {p}",
        ),
        (
            "slots",
            "INSERT INTO annotate_assignment (project_id, trace_id, slot, state, holder_id, token, position, skill,"
            " purpose, seconds_per_step, opened_at, finished_at, note)"
            f" SELECT {p}, t.id, i, CASE t.id % 2 WHEN 0 THEN 'submitted' ELSE 'open' END,"
            f" CASE t.id % 2 WHEN 0 THEN {first_reader} + (t.id / 2 + i) % {k} END, (t.id + 1) % 2, {position}, '',"
            " 'work', CASE t.id % 2 WHEN 0 THEN 4.0 + i END,"
            " CASE t.id % 2 WHEN 0 THEN t.created_at + interval '1 hour' END,"
            " CASE t.id % 2 WHEN 0 THEN t.created_at + interval '70 minutes' END, ''"
            f" FROM annotate_trace t CROSS JOIN generate_series(0, {SLOTS_A_TRACE - 1}) i WHERE t.project_id = {p}"
            " ORDER BY t.id, i",
        ),
        (
            "readers",
            "UPDATE annotate_reader r SET n_submitted = a.n FROM (SELECT holder_id, count(*) AS n"
            f" FROM annotate_assignment WHERE project_id = {p} AND holder_id IS NOT NULL GROUP BY 1) a"
            " WHERE a.holder_id = r.rater_id",
        ),
        (
            "people say",
            _labels(
                f"a.holder_id, {verdict}, s.id, a.id, NULL, NULL, {_verdict('a.holder_id', 100)}, 4.0, a.finished_at",
                "annotate_assignment a JOIN annotate_step s ON s.trace_id = a.trace_id"
                f" WHERE a.project_id = {p} AND a.state = 'submitted' ORDER BY a.id, s.id",
            ),
        ),
        *(
            (
                "machines say",
                _labels(
                    f"{run.rater_id}, {verdict}, s.id, NULL, {run.pk}, NULL,"
                    f" {_verdict(run.pk, 200)}, NULL, now()",
                    f"{steps} ORDER BY s.id",
                ),
            )
            for run in judged
        ),
        *(
            (
                "gold says" if rater == "gold/key" else "reviewers",
                _labels(
                    f"{rater_of[rater]}, {verdict}, s.id, NULL, NULL, {by}, {TRUTH}, NULL, now()",
                    f"{steps} AND t.id % {every} = 0 AND s.position < {up_to} ORDER BY s.id",
                ),
            )
            for rater, by, every, up_to in (
                ("gold/key", "NULL", GOLD_EVERY, STEPS_A_TRACE),
                ("review", rater_of["carol"], DECIDED_EVERY, 1),
            )
        ),
        *(
            (
                "units",
                "INSERT INTO annotate_unit (run_id, trace_id, problem_id, state, worker, attempts, error, findings,"
                f" boundary_version) SELECT {run.pk}, t.id, t.problem_id, 'done', '', 1, '', '{{}}', 1"
                f" FROM annotate_trace t WHERE t.project_id = {p} ORDER BY t.id",
            )
            for run in judged
        ),
        (
            "completions",
            "INSERT INTO annotate_completion (run_id, unit_id, digest, sample, purpose, text, finish_reason, sampling,"
            " prompt_tokens, completion_tokens, scores, choices, choice_source, player, model, revision, server, error,"
            " created_at) SELECT u.run_id, u.id, md5(u.id::text) || md5('d' || u.id), 0, 'verdict',"
            " 'No step is wrong.', 'stop', '{}', 300, 5, '[]', '{}', '', '', 'm', '', '', '', now()"
            f" FROM annotate_unit u WHERE u.run_id = {judged[0].pk} ORDER BY u.id",
        ),
        (
            "decisions",
            "INSERT INTO annotate_consensus (run_id, step_id, action, value, probability, tier, reason, explanation,"
            f" spoke) SELECT {decided}, s.id, CASE WHEN {drawn(id='s.id', salt=9)} < 900 THEN 'keep' ELSE 'ask' END,"
            f" CASE WHEN {drawn(id='s.id', salt=9)} >= 900 THEN '' ELSE {TRUTH} END, NULL, '',"
            " 'majority', '', '[]' FROM "
            f"{steps} ORDER BY s.id",
        ),
        (
            "comments",
            "INSERT INTO annotate_comment (trace_id, author_id, text, earlier, asks_reviewers, created_at, resolved_at)"
            f" SELECT t.id, {carol}, 'Is step ' || t.id % {STEPS_A_TRACE} || ' right?', '[]', true, now(),"
            f" CASE WHEN t.id % (2 * {COMMENTED_EVERY}) = 0 THEN now() END FROM annotate_trace t"
            f" WHERE t.project_id = {p} AND t.id % {COMMENTED_EVERY} = 0",
        ),
    ]


def _verdict(salt: int | str, per_mille: int) -> str:
    """What a rater says of a step who errs so often."""
    errs = f"{DRAWN.format(id='s.id', salt=salt)} < {per_mille}"
    return f"CASE WHEN ({IS_BAD}) <> ({errs}) THEN 'bad' ELSE 'good' END"


def _labels(said: str, source: str) -> str:
    return (
        "INSERT INTO annotate_label (rater_id, criterion_id, step_id, assignment_id, run_id, decided_by_id, value,"
        " seconds, created_at, text, evidence, has_seen_prelabels, is_live)"
        f" SELECT {said}, '', '{{}}', false, true FROM {source}"
    )


def sizes() -> list[tuple[str, int, int, int]]:
    """(table, rows, bytes of rows, bytes of indexes) of the big tables, the largest first."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, reltuples::bigint, pg_table_size(oid), pg_indexes_size(oid) FROM pg_class"
            " WHERE relname = ANY(%s) ORDER BY pg_total_relation_size(oid) DESC",
            [[f"annotate_{table}" for table in BIG]],
        )
        return list(cursor.fetchall())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--traces", type=int, default=1_000_000)
    parser.add_argument("--people", type=int, default=300)
    given = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    began = time.perf_counter()
    furnish(given.traces, given.people, say=lambda line: print(line, flush=True))
    print(f"{given.traces:,} traces in {time.perf_counter() - began:.0f} s")
    for table, rows, heap, indexes in sizes():
        print(f"{table:<20} {rows:>12,} rows {heap / 1e6:10,.0f} MB {indexes / 1e6:10,.0f} MB of indexes")


if __name__ == "__main__":
    main()
