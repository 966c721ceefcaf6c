"""On PostgreSQL the rule is held by triggers, on SQLite by constraints: the same tests for both."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction

from annotate.models import Problem, Project, Step, Trace
from annotate.models.references import REFERENCES, install_references
from tests.factories import a_project, a_trace

NOBODY = 2**40
needs_triggers = pytest.mark.skipif(
    "connection.vendor != 'postgresql'", reason="SQLite keeps its constraints"
)


def is_refused(deed: Callable[[], object]) -> bool:
    """SQLite asks at the end of a transaction, which a test's never reaches, so it is asked here."""
    try:
        with transaction.atomic():
            deed()
            connection.check_constraints()
    except IntegrityError:
        return True
    return False


def run(statement: str, *parameters: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


@pytest.mark.django_db
def test_a_row_that_names_nobody_is_refused() -> None:
    trace = a_trace(a_project())
    steps = [Step(trace_id=key, position=90, text="x") for key in (trace.pk, NOBODY)]
    assert is_refused(lambda: Step.objects.bulk_create(steps))
    assert not Step.every.filter(position=90).exists()
    assert is_refused(lambda: Step.every.filter(trace=trace).update(trace_id=NOBODY))
    assert is_refused(lambda: Trace.objects.filter(pk=trace.pk).update(problem_id=NOBODY))
    problem = Problem(project_id=NOBODY, external_id="p", text="x", content_hash="x")
    assert is_refused(lambda: Problem.objects.bulk_create([problem]))
    assert not is_refused(lambda: Step.objects.bulk_create(steps[:1]))


@pytest.mark.django_db
def test_a_row_that_is_named_stays() -> None:
    trace = a_trace(a_project())
    for table, key in (("annotate_trace", trace.pk), ("annotate_problem", trace.problem_id)):
        assert is_refused(lambda table=table, key=key: run(f"DELETE FROM {table} WHERE id = %s", key))
        move = f"UPDATE {table} SET id = %s WHERE id = %s"
        assert is_refused(lambda move=move, key=key: run(move, NOBODY, key))
    assert Step.objects.filter(trace=trace).exists()


@pytest.mark.django_db
def test_what_is_named_may_go_first_and_may_come_back() -> None:
    trace = a_trace(a_project())
    row = Trace.objects.get(pk=trace.pk)

    def with_its_steps() -> None:
        run("DELETE FROM annotate_trace WHERE id = %s", trace.pk)
        run("DELETE FROM annotate_step WHERE trace_id = %s", trace.pk)

    def and_come_back() -> None:
        run("DELETE FROM annotate_trace WHERE id = %s", trace.pk)
        Trace.objects.bulk_create([row])

    assert not is_refused(and_come_back)
    assert Step.objects.filter(trace=trace).exists()
    assert not is_refused(with_its_steps)
    assert not Step.every.filter(trace_id=trace.pk).exists()


@pytest.mark.django_db
def test_a_project_goes_with_everything_in_it() -> None:
    project = a_project()
    a_trace(project)
    project.delete()
    assert not Project.objects.exists()
    assert not Step.every.exists()


@pytest.mark.django_db
@needs_triggers
def test_no_row_is_checked_by_both() -> None:
    install_references(connection)
    with connection.cursor() as cursor:
        for reference in REFERENCES:
            found = connection.introspection.get_relations(cursor, reference.table)
            assert reference.column not in found
        cursor.execute(
            "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal AND tgname LIKE 'reference%%'",
        )
        assert cursor.fetchone() == (4 * len(REFERENCES),)


@pytest.mark.django_db
@needs_triggers
def test_a_constraint_that_comes_back_goes_again() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "ALTER TABLE annotate_step ADD CONSTRAINT again FOREIGN KEY (trace_id) REFERENCES annotate_trace (id)"
        )
        install_references(connection)
        assert "trace_id" not in connection.introspection.get_relations(cursor, "annotate_step")


@pytest.mark.django_db(transaction=True)
@needs_triggers
def test_whoever_deletes_a_trace_waits_for_steps_on_their_way() -> None:
    trace = a_trace(a_project())
    with connection.copy().cursor() as other:
        other.execute("BEGIN")
        other.execute(
            "INSERT INTO annotate_step (trace_id, position, text, tail, kind, meta)"
            " VALUES (%s, 90, 'x', 0, 'thought', '{}')",
            [trace.pk],
        )
        run("SET lock_timeout = '200ms'")
        with pytest.raises(OperationalError, match="lock timeout"):
            run("DELETE FROM annotate_trace WHERE id = %s", trace.pk)
        run("RESET lock_timeout")
        other.execute("ROLLBACK")
        other.connection.close()
