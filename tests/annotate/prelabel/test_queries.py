from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from annotate.enums import RaterKind, RunState, UnitState
from annotate.models import Completion as CompletionRow
from annotate.models import Project, Run, Unit
from annotate.prelabel import actions
from annotate.prelabel.contracts import (
    Answer,
    Completion,
    Finding,
    Message,
    Opinion,
    Request,
    Silence,
    TraceTask,
)
from annotate.prelabel.queries import (
    evidence_of,
    has_free_units,
    has_live_worker,
    open_runs,
    run_progress,
    task_of,
)
from annotate.prelabel.runs.attendance import sign
from tests.factories import a_label, a_project, a_rater, a_trace

pytestmark = pytest.mark.django_db


def a_run(project: Project | None = None, *, n_traces: int = 4) -> Run:
    project = project or a_project()
    for _ in range(n_traces):
        a_trace(project)
    return actions.open_run(project, strategy="verifier/arithmetic")


def answered(run: Run, unit: Unit, n: int = 1, *, seconds_apart: float = 1.0, **facts: Any) -> None:
    facts = {"finish_reason": "stop", "prompt_tokens": 5, "completion_tokens": 2} | facts
    request = Request((Message("user", f"unit {unit.pk}"),))
    answers = [Answer(unit.pk, request, request.digest, Completion("x", sample=i, **facts)) for i in range(n)]
    actions.store_completions(run, answers)
    newest = timezone.now()
    for i, pk in enumerate(
        CompletionRow.objects.filter(unit=unit).order_by("-pk").values_list("pk", flat=True)
    ):
        CompletionRow.objects.filter(pk=pk).update(created_at=newest - timedelta(seconds=i * seconds_apart))


def test_progress_knows_nothing_before_anything_happened() -> None:
    progress = run_progress(a_run())
    assert (progress.state, progress.total, progress.pending, progress.settled) == (RunState.QUEUED, 4, 4, 0)
    assert (progress.per_second, progress.eta_seconds, progress.errors, progress.workers) == (
        None,
        None,
        (),
        (),
    )
    assert progress.note == ""


def test_progress_counts_and_extrapolates_from_what_finished() -> None:
    run = a_run()
    done, failed, busy = actions.claim_units(run, "w1", 3)
    answered(run, done, 11)
    actions.finish_unit(done, Finding())
    actions.fail_unit(failed, "boom")
    progress = run_progress(run)
    assert (progress.done, progress.failed, progress.running, progress.pending) == (1, 1, 1, 1)
    assert (progress.completions, progress.prompt_tokens, progress.completion_tokens) == (11, 55, 22)
    assert progress.per_second == pytest.approx(1.0)
    # One finished trace took 11 completions and two are open: 22 more at one a second.
    assert progress.eta_seconds == pytest.approx(22.0)
    assert progress.errors == (("boom", 1),)
    assert progress.workers == ("w1",)
    assert busy.state == UnitState.RUNNING


def test_an_old_pace_is_no_pace() -> None:
    run = a_run()
    (unit,) = actions.claim_units(run, "w1", 1)
    answered(run, unit, 5)
    CompletionRow.objects.update(created_at=timezone.now() - timedelta(hours=1))
    assert run_progress(run).per_second is None


def test_one_stored_batch_is_no_pace() -> None:
    run = a_run()
    (unit,) = actions.claim_units(run, "w1", 1)
    answered(run, unit, 5, seconds_apart=0.1)
    assert run_progress(run).per_second is None


def test_failed_samples_are_told_by_kind() -> None:
    run = a_run()
    (unit,) = actions.claim_units(run, "w1", 1)
    answered(run, unit, 3, finish_reason="error", error="too long")
    assert run_progress(run).errors == (("too long", 3),)


def aged(run: Run) -> None:
    Run.objects.filter(pk=run.pk).update(created_at=timezone.now() - timedelta(minutes=1))


def test_a_run_whose_model_is_loading_is_not_called_abandoned() -> None:
    run = a_run()
    aged(run)
    actions.begin_run(run)
    assert "loading the model" in run_progress(run).note
    Run.objects.filter(pk=run.pk).update(started_at=timezone.now() - timedelta(minutes=10))
    assert "No worker is alive" in run_progress(run).note


def test_a_run_nobody_works_at_says_so() -> None:
    run = a_run()
    aged(run)
    assert "No worker is alive" in run_progress(run).note
    sign("idle", "cpu")
    assert "1 worker is alive, none has taken it up" in run_progress(run).note
    units = actions.claim_units(run, "w1", 4)
    assert run_progress(run).note == ""
    assert has_live_worker()
    Unit.objects.filter(pk__in=[unit.pk for unit in units]).update(
        lease_until=timezone.now() - timedelta(seconds=1)
    )
    assert "A worker stopped" in run_progress(run).note
    assert not has_live_worker()


def test_trouble_and_cancelling_are_told() -> None:
    run = a_run()
    (unit,) = actions.claim_units(run, "w1", 1)
    actions.note_trouble(run, "connection refused")
    assert "connection refused" in run_progress(run).note
    actions.cancel_run(run)
    assert run_progress(run).note.startswith("Stopping")
    actions.release_units(run, [unit])
    actions.close_run_if_over(run)
    assert run_progress(run).is_over


def test_progress_takes_the_same_queries_for_one_trace_and_for_many(django_assert_num_queries: Any) -> None:
    for n_traces in (1, 3):
        run = a_run(n_traces=n_traces)
        with django_assert_num_queries(8):
            run_progress(run)


def test_free_units_are_those_a_claim_would_get() -> None:
    run = a_run(n_traces=1)
    assert has_free_units(run)
    assert list(open_runs()) == [run]
    (unit,) = actions.claim_units(run, "w1", 1)
    assert not has_free_units(run)
    Unit.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert has_free_units(run)
    actions.finish_unit(unit, Finding())
    actions.close_run_if_over(run)
    assert not has_free_units(run)
    assert not open_runs().exists()


def test_a_task_holds_the_trace_byte_for_byte() -> None:
    project = a_project()
    trace = a_trace(project, texts=["one\n\n", "two"], reference_answer=None)
    (unit,) = actions.claim_units(a_run(project, n_traces=0), "w1", 1)
    task = task_of(unit)
    assert isinstance(task, TraceTask)
    assert "".join(step.text for step in task.steps) == trace.text == "one\n\ntwo"
    assert [step.position for step in task.steps] == [0, 1]
    assert task.reference_answer is None


def test_evidence_holds_what_machines_say_and_where_they_are_silent_and_no_person() -> None:
    project = a_project()
    run = a_run(project, n_traces=1)
    (unit,) = actions.claim_units(run, "w1", 1)
    opinion = Opinion(1, "bad", score=0.0, evidence={"equations": ["2 + 2 = 5"]})
    actions.finish_unit(
        unit, Finding((opinion,), (Silence(0, "no equation"), Silence(None, "the trace is odd")))
    )
    trace = unit.trace
    bob = a_rater(project, RaterKind.PERSON, "bob")
    a_label(bob, trace.steps.get(position=2), "good")

    evidence = evidence_of(trace)

    assert [place.position for place in evidence] == [None, 0, 1, 2]
    said = {place.position: [(one.value, one.reason) for one in place.signals] for place in evidence}
    assert said == {None: [(None, "the trace is odd")], 0: [(None, "no equation")], 1: [("bad", "")], 2: []}
    (signal,) = evidence[2].signals
    assert (signal.kind, signal.criterion, signal.run_id) == ("verifier", "verdict", run.pk)
    assert signal.evidence == {"equations": ["2 + 2 = 5"]}


def test_silences_are_those_of_the_newest_look() -> None:
    run = a_run(n_traces=1)
    (unit,) = actions.claim_units(run, "w1", 1)
    actions.finish_unit(unit, Finding(silences=(Silence(0, "no equation"),)))
    second = actions.open_run(run.project, strategy=run.name)
    (again,) = actions.claim_units(second, "w1", 1)
    actions.finish_unit(again, Finding((Opinion(0, "good"),)))
    assert [[one.value for one in place.signals] for place in evidence_of(unit.trace)] == [
        [],
        ["good"],
        [],
        [],
    ]
