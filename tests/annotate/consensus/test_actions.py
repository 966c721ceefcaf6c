from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import OperationalError

from annotate import clock
from annotate.consensus import evidence
from annotate.consensus.actions import (
    ask_consensus,
    cancel_consensus,
    make_consensus,
    run_consensus,
    stop_run,
)
from annotate.consensus.contracts import Decision
from annotate.consensus.queries import decisions_of, funnel_of, latest_consensus, note_of, undecided_runs
from annotate.consensus.unfinished import GIVEN_UP, MOST_TRIES, left_unfinished, take_up
from annotate.enums import Action, AssignmentState, Outcome, RaterKind, RunKind, RunState, UnitState
from annotate.errors import Conflict, Rejected
from annotate.ingest.founding import create_rubric
from annotate.ingest.presets import PRM_VERDICTS
from annotate.models import Assignment, Consensus, Project, Pulse, Rater, Run, Trace
from annotate.prelabel.actions import open_run
from tests.factories import a_label, a_person, a_project, a_rater, a_trace

pytestmark = pytest.mark.django_db


def say(rater: Rater, trace: Trace, values: str, criterion_key: str = "verdict") -> None:
    """Label the trace's steps in order: g, n, b or u; ``-`` leaves one out."""
    levels = {"g": "good", "n": "neutral", "b": "bad", "u": "unsure"}
    for step, letter in zip(trace.steps.all(), values, strict=True):
        if letter != "-":
            a_label(rater, step, levels[letter], criterion_key=criterion_key)


@pytest.fixture
def project() -> Project:
    return a_project()


@pytest.fixture
def judged(project: Project) -> list[Trace]:
    """Three traces: agreement at the second step, a difference, and one no judge has seen."""
    judge = a_rater(project, RaterKind.JUDGE, "judge/tiny@v1")
    rollout = a_rater(project, RaterKind.ROLLOUT, "rollout/scan@v1")
    agreed, differing, unseen = (a_trace(project, outcome=Outcome.WRONG) for _ in range(3))
    say(judge, agreed, "gb-")
    say(rollout, agreed, "gb-", "recoverable")
    say(judge, differing, "ggb")
    say(rollout, differing, "b--", "recoverable")
    say(rollout, unseen, "gb-", "recoverable")
    return [agreed, differing, unseen]


def test_lessons_writes_one_decision_per_step_and_the_funnel(project, judged):
    alice = a_person("alice")

    run = run_consensus(project, policy="lessons", created_by=alice)

    assert (run.kind, run.name, run.state) == (RunKind.CONSENSUS, "lessons", RunState.DONE)
    assert run.settings == {
        "judge": "",
        "rollouts": [],
        "rollout_criterion": "recoverable",
    }
    assert run.created_by == alice
    assert [(d.action, d.value) for d in decisions_of(judged[0], run)] == [
        (Action.KEEP, "good"),
        (Action.KEEP, "bad"),
        (Action.DROP, ""),
    ]
    assert {d.reason for d in decisions_of(judged[1], run)} == {"first_errors_differ"}
    assert {d.reason for d in decisions_of(judged[2], run)} == {"no_judge_label"}
    assert [(row.reason, row.steps, row.traces) for row in funnel_of(Run.objects.get(pk=run.pk))] == [
        ("all", 9, 3),
        ("no_judge_label", 3, 1),
        ("judge_not_trusted", 0, 0),
        ("no_rollout_label", 0, 0),
        ("judge_unknown", 0, 0),
        ("rollout_unknown", 0, 0),
        ("first_errors_differ", 3, 1),
        ("after_first_error", 1, 1),
        ("agreed", 2, 1),
    ]


def test_a_decision_names_the_labels_that_spoke(project, judged):
    run = run_consensus(project, policy="lessons")

    first = decisions_of(judged[0], run)[0]

    assert sorted(first.spoke) == sorted(judged[0].steps.all()[0].labels.values_list("pk", flat=True))


def test_running_again_keeps_the_earlier_run(project, judged):
    first = run_consensus(project, policy="lessons")
    say(a_rater(project, RaterKind.PERSON, "ann"), judged[1], "ggb")

    second = run_consensus(project, policy="majority")

    assert Run.objects.filter(project=project, kind=RunKind.CONSENSUS).count() == 2
    assert first.consensus.count() == second.consensus.count() == 9


def test_batches_see_every_trace_once(project, judged, monkeypatch):
    monkeypatch.setattr(evidence, "BATCH", 2)
    heard: list[tuple[int, int]] = []

    run = run_consensus(
        project, policy="lessons", on_progress=lambda done, total: heard.append((done, total))
    )

    assert heard == [(3, 3)]
    assert run.consensus.count() == 9


def test_only_labels_that_stand_are_read(project):
    """Drafts, superseded labels, other projects and older rubric versions do not vote."""
    trace = a_trace(project, n_steps=1)
    step = trace.steps.get()
    ann, ben, clo = (a_rater(project, RaterKind.PERSON, name) for name in ("ann", "ben", "clo"))
    held = Assignment.objects.create(
        project=project,
        trace=trace,
        slot=0,
        state=AssignmentState.SKIPPED,
        holder=ann,
    )
    a_label(ann, step, "bad", assignment=held)
    a_label(ben, step, "bad", is_live=False)
    standing = a_label(clo, step, "good")
    stranger_trace = a_trace(a_project(), n_steps=1)
    a_label(a_rater(stranger_trace.project, name="dee"), stranger_trace.steps.get(), "bad")

    run = run_consensus(project, policy="majority")

    decision = run.consensus.get()
    assert (decision.value, decision.spoke) == ("good", [standing.pk])

    project.rubric = create_rubric(project, name="PRM verdicts", criteria=PRM_VERDICTS)
    project.save()
    assert run_consensus(project, policy="majority").consensus.get().reason == "no_label"


def test_a_failing_policy_decides_nothing_and_its_run_says_why(project, judged, monkeypatch):
    def fail(*args: object) -> tuple[Decision, ...]:
        raise ZeroDivisionError("of all things")

    monkeypatch.setattr("annotate.consensus.policies.lessons.decide", fail)

    with pytest.raises(ZeroDivisionError):
        run_consensus(project, policy="lessons")
    run = Run.objects.get()
    assert (run.state, run.error) == (RunState.FAILED, "ZeroDivisionError: of all things")
    assert not Consensus.objects.exists()
    assert not Pulse.objects.exists()
    assert latest_consensus(project) is None
    assert list(undecided_runs(project)) == [run]
    monkeypatch.undo()
    run_consensus(project, policy="lessons")
    assert list(undecided_runs(project)) == []


def test_one_that_was_stopped_or_taken_up_by_another_meanwhile_writes_nothing(project, judged):
    run = ask_consensus(project, policy="majority")
    held = take_up(run.pk)
    assert held is not None
    assert cancel_consensus(run)
    with pytest.raises(Conflict, match="stopped, or another worker"):
        make_consensus(held)
    run.refresh_from_db()
    assert run.state == RunState.CANCELLED
    assert not Consensus.objects.exists()
    assert not cancel_consensus(run)


def test_either_kind_of_run_is_stopped_by_one_word_each_in_its_own_way(project, judged):
    """A consensus leaves no sign that would have it taken up; a machine run keeps what it has and lets units go."""
    asked = ask_consensus(project, policy="majority")
    machine = open_run(project, strategy="verifier/arithmetic")
    assert stop_run(asked)
    assert not Pulse.objects.exists()
    assert stop_run(machine)
    assert set(machine.units.values_list("state", flat=True)) == {UnitState.CANCELLED}
    for run in (asked, machine):
        run.refresh_from_db()
        assert run.state == RunState.CANCELLED
        assert not stop_run(run)


def test_an_outage_fails_no_run_however_often_it_comes(project, judged, monkeypatch):
    def away(*args: object) -> tuple[Decision, ...]:
        raise OperationalError("away")

    run = ask_consensus(project, policy="lessons")
    mark = ""
    with monkeypatch.context() as while_away:
        while_away.setattr("annotate.consensus.policies.lessons.decide", away)
        for _ in range(MOST_TRIES + 1):
            held = take_up(run.pk, mark)
            assert held is not None
            with pytest.raises(OperationalError):
                make_consensus(held)
            Pulse.objects.update(beat_at=clock.now() - GIVEN_UP - timedelta(seconds=1))
            [(_, mark)] = left_unfinished()
    run.refresh_from_db()
    assert (run.state, note_of(run)[:12]) == (RunState.RUNNING, "The database")
    held = take_up(run.pk, mark)
    assert held is not None
    make_consensus(held)
    run.refresh_from_db()
    assert (run.state, run.error, run.consensus.count()) == (RunState.DONE, "", 9)


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"policy": "guess"}, "policy"),
        ({"policy": "majority", "settings": {"min_votes": 0}}, "min_votes"),
        ({"policy": "majority", "settings": {"minvotes": 1}}, "minvotes"),
        ({"policy": "majority", "criterion_key": "style"}, "criterion"),
        ({"policy": "lessons", "settings": {"rollout_criterion": "style"}}, "settings"),
    ],
)
def test_what_cannot_be_meant_is_refused(project, judged, arguments, field):
    with pytest.raises(Rejected) as refusal:
        run_consensus(project, **arguments)
    assert refusal.value.field == field
    assert not Run.objects.exists()


def test_a_second_judge_must_be_chosen_by_name(project, judged):
    say(a_rater(project, RaterKind.JUDGE, "judge/other@v1"), judged[0], "ggg")

    with pytest.raises(Rejected, match=r"judge/other@v1, judge/tiny@v1"):
        run_consensus(project, policy="lessons")
    run = run_consensus(project, policy="lessons", settings={"judge": "judge/tiny@v1"})
    assert run.consensus.filter(action=Action.KEEP).count() == 2


def test_an_empty_project_has_nothing_to_decide(project):
    with pytest.raises(Conflict, match="no trace"):
        run_consensus(project, policy="majority")
    assert not Run.objects.exists()


@pytest.mark.parametrize("n_traces", [1, 3])
def test_the_number_of_queries_does_not_grow_with_traces(project, n_traces, django_assert_num_queries):
    for _ in range(n_traces):
        a_trace(project)

    with django_assert_num_queries(39):
        run_consensus(project, policy="majority")
