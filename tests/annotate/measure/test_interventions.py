from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from annotate.consensus.actions import run_consensus
from annotate.enums import ExamState, RaterKind
from annotate.errors import Conflict, Rejected
from annotate.measure.interventions import intervene, trail_of
from annotate.models import Intervention, Project, Rater, Reader
from tests.factories import a_label, a_person, a_project, a_rater, a_trace

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return a_project()


@pytest.fixture
def ann(project: Project) -> Rater:
    return a_rater(project, name="ann")


def do(rater: Rater, deed: str, **more: object) -> Intervention:
    return intervene(rater, deed, by=a_person("alice"), reason="Because.", **more)  # type: ignore[arg-type]


def test_what_is_done_and_what_is_written_down_are_one(project: Project, ann: Rater) -> None:
    do(ann, "pause")
    with pytest.raises(Conflict):
        do(ann, "pause")
    do(ann, "requalify")
    assert [one.deed for one in trail_of(ann)] == ["requalify", "pause"]
    reader = Reader.objects.get(rater=ann)
    assert (reader.pause_reason, reader.exam) == ("Because.", ExamState.OPEN)
    assert reader.exam_from is not None


@pytest.mark.parametrize("reason", ["", "  ", "x" * 201])
def test_a_reason_is_asked_for(ann: Rater, reason: str) -> None:
    with pytest.raises(Rejected):
        intervene(ann, "exclude", by=a_person("alice"), reason=reason)
    assert not Intervention.objects.exists()


def test_machines_can_be_left_out_and_not_paused_and_keys_neither(project: Project) -> None:
    judge, gold = a_rater(project, RaterKind.JUDGE), a_rater(project, RaterKind.GOLD)
    do(judge, "exclude")
    with pytest.raises(Rejected):
        do(judge, "pause")
    with pytest.raises(Rejected):
        do(gold, "exclude")
    assert [one.rater for one in Intervention.objects.all()] == [judge]


def test_leaving_out_can_be_moved_back_and_taken_back(ann: Rater) -> None:
    with pytest.raises(Conflict):
        do(ann, "include")
    do(ann, "exclude")
    earlier = timezone.now() - timedelta(days=3)
    do(ann, "exclude", since=earlier)
    ann.refresh_from_db()
    assert ann.excluded_from == earlier
    with pytest.raises(Conflict):
        do(ann, "exclude")
    do(ann, "include")
    ann.refresh_from_db()
    assert ann.excluded_from is None


def test_consensus_hears_what_was_said_before_and_nothing_since(project: Project, ann: Rater) -> None:
    [step] = a_trace(project, n_steps=1).steps.all()
    label = a_label(ann, step, "good")

    def said() -> list[str]:
        run = run_consensus(project, policy="majority")
        return list(run.consensus.values_list("value", flat=True))

    before = said()
    do(ann, "exclude", since=label.created_at + timedelta(seconds=1))
    assert said() == before
    do(ann, "exclude", since=label.created_at - timedelta(seconds=1))
    assert said() != before
    do(ann, "include")
    assert said() == before
