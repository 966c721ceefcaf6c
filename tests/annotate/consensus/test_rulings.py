from __future__ import annotations

from dataclasses import replace

import pytest

from annotate.consensus.actions import run_consensus
from annotate.consensus.contracts import Ruling, TraceEvidence
from annotate.consensus.policies import lessons, majority
from annotate.consensus.queries import funnel_of
from annotate.consensus.registry import POLICIES
from annotate.consensus.rulings import with_rulings
from annotate.enums import Action, Outcome, Role
from annotate.label.answers import Said
from annotate.label.decisions import decide
from annotate.models import Label, Project, Trace
from tests.annotate.consensus.policies.evidence import ANN, BEN, JUDGE, ROLLOUT, a_trace_of
from tests.factories import a_criterion, a_label, a_person, a_project, a_rater, a_trace


def ruled(evidence: TraceEvidence, rulings: dict[int, str]) -> TraceEvidence:
    steps = [
        replace(step, ruling=Ruling(900 + place, rulings[place], "Because")) if place in rulings else step
        for place, step in enumerate(evidence.steps)
    ]
    return replace(evidence, steps=tuple(steps))


def by_majority(evidence: TraceEvidence) -> list[tuple[str, str]]:
    rule = majority.bind(majority.MajoritySettings(), "verdict", (ANN, BEN))
    return [(d.reason, d.value) for d in with_rulings(rule)(evidence)]


def test_a_ruling_stands_against_all_votes_and_says_so() -> None:
    evidence = ruled(a_trace_of((ANN, "gg"), (BEN, "gg")), {1: "bad"})
    rule = majority.bind(majority.MajoritySettings(), "verdict", (ANN, BEN))
    decision = with_rulings(rule)(evidence)[1]
    assert (decision.action, decision.value, decision.reason) == (Action.KEEP, "bad", "reviewer_decided")
    assert decision.explanation == "A reviewer decided bad; people said 2 good. Reason: Because"
    assert decision.spoke == (901, 501, 601)


def test_a_reviewer_who_cannot_tell_settles_that_nobody_is_asked_again() -> None:
    evidence = ruled(a_trace_of((ANN, "gg"), (BEN, "gb")), {1: "unsure"})
    rule = majority.bind(majority.MajoritySettings(), "verdict", (ANN, BEN))
    decision = with_rulings(rule)(evidence)[1]
    assert (decision.action, decision.value, decision.reason) == (Action.DROP, "", "reviewer_unsure")


def test_majority_reads_the_first_error_from_rulings() -> None:
    votes = a_trace_of((ANN, "gbgg"), (BEN, "gbgg"))
    reprieved = by_majority(ruled(votes, {1: "good"}))
    assert reprieved == [
        ("majority", "good"),
        ("reviewer_decided", "good"),
        ("majority", "good"),
        ("majority", "good"),
    ]
    earlier = by_majority(ruled(votes, {0: "bad"}))
    assert earlier[1:] == [("after_first_error", "")] * 3
    behind = by_majority(ruled(votes, {3: "good"}))
    assert behind[2:] == [("after_first_error", ""), ("reviewer_decided", "good")]


def test_lessons_takes_a_ruling_for_the_judges_word() -> None:
    voters = (JUDGE, ROLLOUT)
    rule = with_rulings(lessons.bind(lessons.LessonsSettings(), "verdict", voters))
    apart = a_trace_of((JUDGE, "bg"), (ROLLOUT, "g-"), outcome=Outcome.WRONG)
    assert {d.reason for d in rule(apart)} == {"first_errors_differ"}
    corrected = rule(ruled(apart, {0: "good", 1: "bad"}))
    assert [(d.reason, d.value) for d in corrected] == [
        ("reviewer_decided", "good"),
        ("reviewer_decided", "bad"),
    ]
    half = rule(ruled(a_trace_of((JUDGE, "gg"), (ROLLOUT, "g-"), outcome=Outcome.WRONG), {1: "bad"}))
    assert [(d.reason, d.value) for d in half] == [("agreed", "good"), ("reviewer_decided", "bad")]


def test_a_ruling_alone_does_not_make_a_judge() -> None:
    rule = with_rulings(lessons.bind(lessons.LessonsSettings(), "verdict", (ROLLOUT,)))
    decisions = rule(ruled(a_trace_of((ROLLOUT, "gg")), {0: "good"}))
    assert [d.reason for d in decisions] == ["reviewer_decided", "no_judge_label"]


@pytest.fixture
def project() -> Project:
    return a_project(carol=Role.REVIEWER)


@pytest.fixture
def trace(project: Project) -> Trace:
    trace = a_trace(project, n_steps=2, outcome=Outcome.WRONG)
    for name, second in (("ann", "good"), ("ben", "bad")):
        rater = a_rater(project, name=name)
        a_label(rater, trace.steps.get(position=0), "good")
        a_label(rater, trace.steps.get(position=1), second)
    return trace


@pytest.mark.django_db
@pytest.mark.parametrize(
    "policy", sorted(name for name, one in POLICIES.items() if one.usual_criterion == "verdict")
)
def test_whatever_the_policy_a_decision_wins(trace: Trace, policy: str) -> None:
    verdict = a_criterion(trace.project)
    [written] = decide(trace, a_person("carol"), [Said(verdict.pk, 1, "bad", "A slip")])
    run = run_consensus(trace.project, policy=policy)
    decided = run.consensus.get(step__position=1)
    assert (decided.action, decided.value, decided.reason) == ("keep", "bad", "reviewer_decided")
    assert decided.explanation == "A reviewer decided bad; people said 1 bad, 1 good. Reason: A slip"
    assert decided.spoke[0] == written.label_id
    rows = {row.reason: row.steps for row in funnel_of(run)}
    assert rows["reviewer_decided"] == 1
    assert "reviewer_unsure" not in rows


@pytest.mark.django_db
def test_a_decision_that_was_taken_back_decides_nothing(trace: Trace) -> None:
    verdict = a_criterion(trace.project)
    decide(trace, a_person("carol"), [Said(verdict.pk, 1, "bad")])
    decide(trace, a_person("carol"), [Said(verdict.pk, 1, is_cleared=True)])
    run = run_consensus(trace.project, policy="majority")
    assert run.consensus.get(step__position=1).reason == "tie"
    assert not Label.objects.decisions().exists()
    assert "reviewer_decided" not in {row.reason for row in funnel_of(run)}
