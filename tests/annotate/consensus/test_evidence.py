from __future__ import annotations

import pytest

from annotate.consensus.actions import run_consensus
from annotate.consensus.evidence import standing_of, trace_evidence
from annotate.consensus.queries import funnel_of
from annotate.enums import Outcome, RaterKind
from annotate.measure.actions import set_judge_gate
from annotate.models import Estimate, Label, Project, Rater
from tests.annotate.assign.queues import a_gold_trace, a_queue, person, read_next
from tests.factories import a_criterion, a_label, a_project, a_rater, a_trace

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return a_project()


@pytest.fixture
def judge(project: Project) -> Rater:
    """A judge that agrees with the rollouts on the only trace, with a probability of 0.98 where it says good."""
    judge, rollout = a_rater(project, RaterKind.JUDGE, "judge/one@1"), a_rater(project, RaterKind.ROLLOUT)
    first, second = a_trace(project, n_steps=2, outcome=Outcome.WRONG).steps.all()
    a_label(judge, first, "good", distribution={"good": 0.98, "bad": 0.02})
    a_label(judge, second, "bad", distribution={"good": 0.1, "bad": 0.9})
    a_label(rollout, first, "good", criterion_key="recoverable")
    return judge


def measured(judge: Rater, name: str, value: float | None, **detail: object) -> Estimate:
    return Estimate.objects.create(
        project=judge.project,
        criterion=a_criterion(judge.project),
        rater=judge,
        name=name,
        value=value,
        reason="" if value is not None else "no verdict could be read",
        detail=detail,
        data_version="1",
    )


def reasons(project: Project) -> set[str]:
    return set(run_consensus(project, policy="lessons").consensus.values_list("reason", flat=True))


def test_a_judge_without_an_audit_is_heard(project, judge):
    assert reasons(project) == {"agreed"}


def test_a_judge_that_passes_is_heard_and_one_below_the_gate_is_set_aside(project, judge):
    rate = measured(judge, "audit/master_key_alone", 1.0)
    assert reasons(project) == {"agreed"}

    Estimate.objects.filter(pk=rate.pk).update(value=0.5)
    run = run_consensus(project, policy="lessons")

    assert set(run.consensus.values_list("reason", flat=True)) == {"judge_not_trusted"}
    assert run.consensus.first().explanation == (
        "judge/one@1 is below the project's gate (empty text refused, alone: 0.5, wanted at least 0.99)."
    )
    assert [(row.steps, row.title) for row in funnel_of(run) if row.reason == "judge_not_trusted"] == [
        (2, "The judge is below the project's gate")
    ]


def test_the_gate_is_the_projects_own(project, judge):
    measured(judge, "audit/master_key_alone", 0.5)
    set_judge_gate(project, {"master_key_alone": 0.4})

    assert reasons(project) == {"agreed"}


def test_a_rate_that_could_not_be_measured_sets_nobody_aside(project, judge):
    measured(judge, "audit/master_key_alone", None)

    assert standing_of(project).distrusted == {}


def test_probabilities_are_calibrated_where_that_was_measured(project, judge):
    criterion = a_criterion(project)
    assert [
        vote.probability for step in next(trace_evidence(project, criterion)).steps for vote in step.votes
    ] == [
        0.98,
        0.9,
    ]

    measured(judge, "calibration", 0.02, method="platt", slope=0.5, intercept=0.0, level="good", n=98)

    # sigmoid(logit(0.98) / 2) = 7 / 8 and sigmoid(logit(0.1) / 2) = 1 / 4.
    votes = [vote for step in next(trace_evidence(project, criterion)).steps for vote in step.votes]
    assert [vote.probability for vote in votes] == [pytest.approx(7 / 8), pytest.approx(3 / 4)]


def test_peoples_readings_of_gold_and_exam_traces_decide_nothing():
    project = a_queue(n_traces=6, gold_rate=0.5, exam_size=1)
    apart = {a_gold_trace(project, use).pk for use in ("exam", "gold")}
    bob = person(project, "bob")
    for _ in range(8):
        read_next(project, bob)

    kinds = {
        evidence.trace: {vote.kind for step in evidence.steps for vote in step.votes}
        for evidence in trace_evidence(project, a_criterion(project))
    }

    assert {trace: kinds.pop(trace) for trace in apart} == {trace: {RaterKind.GOLD} for trace in apart}
    assert list(kinds.values()) == [{RaterKind.PERSON}] * 6
    # They are measured all the same.
    assert Label.objects.counted().filter(rater=bob, step__trace__in=apart).count() == 6
