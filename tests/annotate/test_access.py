from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from annotate import access
from annotate.addresses import reach_from
from annotate.enums import AssignmentState, RaterKind, Role, RunKind
from annotate.errors import NotAllowed
from annotate.ingest.inviting import invite
from annotate.measure.interventions import intervene
from annotate.models import (
    Assignment,
    Comment,
    Comparison,
    Consensus,
    CutReport,
    Estimate,
    Intervention,
    Notice,
    Person,
    Project,
    Push,
    Rater,
    Release,
    Run,
    Upload,
)
from annotate.notices.listeners import add_webhook, try_listener
from tests.factories import a_criterion, a_label, a_lineup, a_pair, a_person, a_project, a_rater, a_trace

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return a_project(bob=Role.ANNOTATOR, carol=Role.REVIEWER, eve=Role.VIEWER, mia=Role.MANAGER)


def a_comparison(project: Project, holder: Rater) -> Comparison:
    pair = a_pair(a_trace(project), a_trace(project))
    return Comparison.objects.create(
        project=project, pair=pair, slot=0, luck=1, state=AssignmentState.SUBMITTED, holder=holder
    )


def everything_in(project: Project) -> dict[Callable[..., Any], int | str]:
    trace = a_trace(project)
    bob = a_rater(project, person=a_person("bob"))
    assignment = Assignment.objects.create(
        project=project, trace=trace, slot=0, state=AssignmentState.SUBMITTED, holder=bob
    )
    criterion = a_criterion(project)
    run = Run.objects.create(project=project, kind=RunKind.CONSENSUS, name="majority", criterion=criterion)
    step = trace.steps.first()
    consensus = Consensus.objects.create(run=run, step=step, action="ask", reason="tie")
    estimate = Estimate.objects.create(
        project=project, criterion=criterion, name="alpha", value=0.1, data_version="v"
    )
    judge_label = a_label(a_rater(project, RaterKind.JUDGE), step, "bad")
    assert project.rubric is not None
    release = Release.objects.create(project=project, number=1, run=run, format="trl_stepwise")
    try_listener(
        add_webhook(project, name="x", url="https://x.org/", events=["queue.empty"], reach=reach_from(()))
    )
    notice = Notice.objects.get()
    return {
        access.project_for: project.slug,
        access.trace_for: trace.pk,
        access.problem_for: trace.problem_id,
        access.rubric_for: project.rubric.pk,
        access.rater_for: bob.pk,
        access.measured_for: bob.pk,
        access.assignment_for: assignment.pk,
        access.comparison_for: a_comparison(project, bob).pk,
        access.invitation_for: invite(project, a_person("mia"), role=Role.VIEWER).pk,
        access.reading_for: assignment.pk,
        access.review_for: trace.pk,
        access.pair_review_for: (pair := a_pair(a_trace(project), a_trace(project))).pk,
        access.pair_for: pair.pk,
        access.lineup_review_for: (lineup := a_lineup(*(a_trace(project) for _ in range(3)))).pk,
        access.lineup_for: lineup.pk,
        access.comment_for: Comment.objects.create(trace=trace, text="?", author=a_person("carol")).pk,
        access.cut_report_for: CutReport.objects.create(
            trace=trace, step=step, position=0, version=1, fault="too_long", author=a_person("bob")
        ).pk,
        access.upload_for: Upload.objects.create(project=project, key="k", name="traces.jsonl", size=1).pk,
        access.message_for: intervene(
            bob, Intervention.Deed.MESSAGE, by=a_person("mia"), reason="Well done."
        ).pk,
        access.label_for: judge_label.pk,
        access.run_for: run.pk,
        access.estimate_for: estimate.pk,
        access.consensus_for: consensus.pk,
        access.release_for: release.pk,
        access.listener_for: notice.listener_id,
        access.notice_for: notice.pk,
        access.push_for: Push.objects.create(
            release=release, key="k", repository="alice/sums", asked_at=timezone.now()
        ).pk,
    }


def doors() -> list[str]:
    return sorted(name for name in vars(access) if name.endswith("_for") and name != "projects_for")


def test_every_door_is_tried_here(project: Project) -> None:
    assert {door.__name__ for door in everything_in(project)} == set(doors())


@pytest.mark.parametrize("name", doors())
@pytest.mark.parametrize("visitor", ["dan", "anonymous"])
def test_stranger_does_not_learn_that_it_exists(project: Project, name: str, visitor: str) -> None:
    door = getattr(access, name)
    key = everything_in(project)[door]
    user = AnonymousUser() if visitor == "anonymous" else a_person("dan")
    with pytest.raises(NotAllowed) as refusal:
        door(user, key)
    assert not refusal.value.is_visible
    missing = "nowhere" if isinstance(key, str) else 10**9
    with pytest.raises(NotAllowed) as absence:
        door(user, missing)
    assert str(absence.value) == str(refusal.value)


@pytest.mark.parametrize("name", doors())
def test_owner_enters_by_every_door_but_what_is_other_peoples_own(project: Project, name: str) -> None:
    door = getattr(access, name)
    key = everything_in(project)[door]
    alice = a_person("alice")
    if door in (access.assignment_for, access.comparison_for, access.message_for):
        with pytest.raises(NotAllowed):
            door(alice, key)
    else:
        assert door(alice, key)


EVIDENCE = (
    "trace_for",
    "problem_for",
    "rater_for",
    "label_for",
    "run_for",
    "estimate_for",
    "consensus_for",
)


@pytest.mark.parametrize("name", [*EVIDENCE, "release_for", "push_for"])
def test_annotator_never_sees_other_peoples_evidence(project: Project, name: str) -> None:
    door = getattr(access, name)
    key = everything_in(project)[door]
    with pytest.raises(NotAllowed) as refusal:
        door(a_person("bob"), key)
    assert refusal.value.is_visible
    assert door(a_person("carol"), key)
    assert door(a_person("eve"), key)


def test_annotator_sees_own_label_and_assignment(project: Project) -> None:
    things = everything_in(project)
    bob: Person = a_person("bob")
    assert access.assignment_for(bob, int(things[access.assignment_for])).holder.person == bob
    own = a_label(bob.raters.get(), a_trace(project).steps.first(), "good")
    assert access.label_for(bob, own.pk) == own


@pytest.mark.parametrize(
    ("role", "admitted"),
    [
        (Role.OWNER, {"alice"}),
        (Role.MANAGER, {"alice", "mia"}),
        (Role.REVIEWER, {"alice", "mia", "carol"}),
        (Role.ANNOTATOR, {"alice", "mia", "carol", "bob"}),
        (Role.VIEWER, {"alice", "mia", "carol", "eve"}),
        (None, {"alice", "mia", "carol", "bob", "eve"}),
    ],
)
def test_roles_reach_as_written(project: Project, role: Role | None, admitted: set[str]) -> None:
    def enters(name: str) -> bool:
        try:
            return bool(access.project_for(a_person(name), project.slug, role=role))
        except NotAllowed:
            return False

    assert {name for name in ("alice", "mia", "carol", "bob", "eve", "dan") if enters(name)} == admitted


def test_projects_are_those_one_is_a_member_of(project: Project) -> None:
    a_project()
    assert list(access.projects_for(a_person("bob"))) == [project]
    assert not access.projects_for(a_person("dan")).exists()
    assert not access.projects_for(AnonymousUser()).exists()


@pytest.mark.parametrize("name", ["reading_for", "review_for", "pair_review_for", "lineup_review_for"])
def test_only_reviewers_and_above_review(project: Project, name: str) -> None:
    door = getattr(access, name)
    key = everything_in(project)[door]
    for visitor in ("bob", "eve"):
        with pytest.raises(NotAllowed) as refusal:
            door(a_person(visitor), key)
        assert refusal.value.is_visible
    for visitor in ("carol", "mia"):
        assert door(a_person(visitor), key)


def test_a_reviewer_does_not_look_at_a_trace_they_are_labelling(project: Project) -> None:
    trace = a_trace(project)
    carol = a_rater(project, person=a_person("carol"))
    held = Assignment.objects.create(
        project=project,
        trace=trace,
        slot=0,
        state=AssignmentState.HELD,
        holder=carol,
        held_until=timezone.now(),
    )
    with pytest.raises(NotAllowed, match="on your own desk") as refusal:
        access.review_for(a_person("carol"), trace.pk)
    assert refusal.value.is_visible
    assert access.review_for(a_person("alice"), trace.pk) == trace
    Assignment.objects.filter(pk=held.pk).update(state=AssignmentState.RETURNED, held_until=None)
    with pytest.raises(NotAllowed, match="on your own desk"):
        access.review_for(a_person("carol"), trace.pk)
    Assignment.objects.filter(pk=held.pk).update(state=AssignmentState.SUBMITTED)
    assert access.review_for(a_person("carol"), trace.pk) == trace


def test_a_reviewer_does_not_look_at_a_pair_they_are_comparing(project: Project) -> None:
    pair = a_pair(a_trace(project), a_trace(project))
    Comparison.objects.create(
        project=project,
        pair=pair,
        slot=0,
        luck=1,
        state=AssignmentState.HELD,
        holder=a_rater(project, person=a_person("carol")),
        held_until=timezone.now(),
    )
    with pytest.raises(NotAllowed, match="comparing this yourself") as refusal:
        access.pair_review_for(a_person("carol"), pair.pk)
    assert refusal.value.is_visible
    assert access.pair_review_for(a_person("mia"), pair.pk) == pair
