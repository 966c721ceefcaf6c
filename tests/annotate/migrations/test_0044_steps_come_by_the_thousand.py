"""A step is of a trace that is there, whoever writes and deletes at the same moment; PostgreSQL looks at many at once."""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from django.db import IntegrityError, connection, transaction

from annotate.ingest.drafts import StepDraft
from annotate.ingest.step_rows import insert_steps
from annotate.models import Step, Trace
from tests.factories import a_project, a_trace

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE = 30.0


def on_postgresql() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite, where one writes at a time, keeps its foreign key")


def written(trace: int, n: int = 2) -> None:
    with transaction.atomic():
        insert_steps([(trace, [StepDraft(f"{place}\n", 1) for place in range(n)])])


def test_steps_without_a_trace_are_refused_however_they_come() -> None:
    there = a_trace(a_project(), n_steps=2)
    missing = there.pk + 1
    with pytest.raises(IntegrityError):
        written(missing)
    with pytest.raises(IntegrityError), transaction.atomic():
        Step.objects.create(trace_id=missing, position=0, text="x")
    with pytest.raises(IntegrityError), transaction.atomic():
        # One stray among many.
        insert_steps([(there.pk, ()), (missing, [StepDraft("x")])])
    assert Step.every.count() == 2


def test_a_trace_takes_its_steps_along_and_leaves_none_behind() -> None:
    project = a_project()
    kept, gone = a_trace(project, n_steps=2), a_trace(project, n_steps=3)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM annotate_trace WHERE id = %s", [gone.pk])
    gone.delete()
    assert set(Step.every.values_list("trace_id", flat=True)) == {kept.pk}
    # In any order, as long as none is left at the end.
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM annotate_trace WHERE id = %s", [kept.pk])
        cursor.execute("DELETE FROM annotate_step WHERE trace_id = %s", [kept.pk])
    assert not Trace.objects.exists()


def test_a_step_stays_with_its_trace_and_at_its_place() -> None:
    project = a_project()
    one, other = a_trace(project, n_steps=1), a_trace(project, n_steps=2)
    first, second = other.steps.all()
    with pytest.raises(IntegrityError), transaction.atomic():
        Step.objects.create(trace=other, position=0, text="again")
    # Retired ones stand aside, those of one version each at a place of its own.
    Step.objects.filter(pk=first.pk).update(retired_in=2)
    Step.objects.create(trace=other, position=0, text="again")
    with pytest.raises(IntegrityError), transaction.atomic():
        Step.objects.filter(pk=second.pk).update(position=0, retired_in=2)
    on_postgresql()
    first.text = "a step may be saved whole"
    first.save()
    with pytest.raises(IntegrityError, match="which there is not"), transaction.atomic():
        Step.objects.filter(pk=second.pk).update(trace=one.pk + 1000)


def test_steps_wait_for_whoever_deletes_their_trace_and_are_refused() -> None:
    on_postgresql()
    trace = a_trace(a_project(), n_steps=1)
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("DELETE FROM annotate_step WHERE trace_id = %s", [trace.pk])
            cursor.execute("DELETE FROM annotate_trace WHERE id = %s", [trace.pk])
            late = pool.submit(in_a_thread, trace.pk)
            wait_until_somebody_waits()
        with pytest.raises(IntegrityError, match="which there is not"):
            late.result(PATIENCE)
    assert not Step.every.exists()


def test_whoever_deletes_a_trace_waits_for_steps_that_are_being_written() -> None:
    on_postgresql()
    trace = a_trace(a_project(), n_steps=1)
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            Step.objects.filter(trace=trace).delete()
            written(trace.pk)
            late: Future[None] = pool.submit(delete_in_a_thread, trace.pk)
            wait_until_somebody_waits()
        with pytest.raises(IntegrityError, match="is pointed to by a step"):
            late.result(PATIENCE)
    assert Step.every.count() == 2


def in_a_thread(trace: int) -> None:
    try:
        written(trace)
    finally:
        connection.close()


def delete_in_a_thread(trace: int) -> None:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("DELETE FROM annotate_trace WHERE id = %s", [trace])
    finally:
        connection.close()


def wait_until_somebody_waits() -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND wait_event_type = 'Lock'"
            )
            if cursor.fetchone()[0]:
                return
        time.sleep(0.02)
    raise AssertionError("nobody waits")
