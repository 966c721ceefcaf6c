from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from django.db import IntegrityError, connection, transaction

from annotate.ingest import actions
from annotate.ingest.actions import ingest_file
from annotate.ingest.rows import begin_to_insert
from annotate.models import Project, Step, Trace
from tests.factories import a_project, a_trace

pytestmark = pytest.mark.django_db
FIELDS = ("trace", "position", "text", "tail", "kind", "meta")


def rows_of(trace: Trace, *places: int) -> list[tuple[object, ...]]:
    return [(trace.pk, place, f"step {place}", 0, "thought", "{}") for place in places]


def a_file(folder: Path, n: int, broken_at: int = 0) -> Path:
    path = folder / "traces.jsonl"
    rows = [{"id": f"t{i}", "problem": {"text": f"Add {i}."}, "steps": [f"{i}.", "Done."]} for i in range(n)]
    lines = [json.dumps(row) for row in rows]
    if broken_at:
        lines[broken_at] = "{"
    path.write_text("\n".join(lines))
    return path


def test_the_next_statement_finds_every_row() -> None:
    trace = a_trace(a_project(), texts=["First."])
    with transaction.atomic(), ExitStack() as whole:
        if going := begin_to_insert(Step, FIELDS, rows_of(trace, 1, 2)):
            whole.enter_context(going)
            assert not going.is_over
        assert Step.objects.filter(trace=trace).count() == 3
        assert going is None or going.is_over
        # And an end that comes twice is none.
    assert Step.objects.filter(trace=trace).count() == 3
    assert not connection.execute_wrappers


def insert_and(then: Callable[[], object], *rows: tuple[object, ...]) -> None:
    with ExitStack() as whole:
        whole.enter_context(transaction.atomic())
        if going := begin_to_insert(Step, FIELDS, rows):
            whole.enter_context(going)
        then()


def stop() -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("then", [Step.objects.count, lambda: None])
def test_what_the_server_refuses_is_raised_where_it_ends_and_takes_all_back(
    then: Callable[[], object],
) -> None:
    trace = a_trace(a_project(), texts=["First."])
    with pytest.raises(IntegrityError):
        insert_and(then, *rows_of(trace, 1, 0))
    assert Step.objects.filter(trace=trace).count() == 1
    assert not connection.execute_wrappers


def test_what_is_given_up_leaves_nothing() -> None:
    trace = a_trace(a_project(), texts=["First."])
    with pytest.raises(KeyboardInterrupt):
        insert_and(stop, *rows_of(trace, 1))
    assert Step.objects.filter(trace=trace).count() == 1
    assert not connection.execute_wrappers


def test_whoever_is_told_of_progress_may_use_the_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "BATCH", 10)
    project = a_project()
    seen: list[tuple[int, int]] = []

    def tell(done: int, total: int) -> None:
        seen.append((Trace.objects.filter(project=project).count(), done))
        Project.objects.filter(pk=project.pk).update(name=f"{done} of {total}")

    path = a_file(tmp_path, 35)
    assert ingest_file(project, path, on_progress=tell).created == 35
    size = path.stat().st_size
    assert [count for count, _ in seen] == [10, 20, 30, 35]
    assert seen[-1][1] == size
    project.refresh_from_db()
    assert project.name == f"{size} of {size}"


def test_who_stops_an_ingest_keeps_the_batches_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "BATCH", 10)
    project = a_project()

    def tell(done: int, total: int) -> None:
        if Trace.objects.filter(project=project).count() >= 20:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        ingest_file(project, a_file(tmp_path, 35), on_progress=tell)
    assert Trace.objects.filter(project=project).count() == 20
    assert not connection.execute_wrappers
    assert ingest_file(project, a_file(tmp_path, 35)).created == 15


def test_a_row_that_cannot_be_read_holds_nobody_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "BATCH", 10)
    report = ingest_file(a_project(), a_file(tmp_path, 35, broken_at=17), format="jsonl")
    assert (report.created, [row.line for row in report.errors]) == (34, [18])
    assert Step.objects.count() == 68
