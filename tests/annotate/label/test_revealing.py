from __future__ import annotations

import pytest

from annotate.assign.actions import claim_next, fill_queue, rater_of, release_assignment
from annotate.enums import RaterKind, Role
from annotate.label.actions import save_answers, set_labelling, submit_sheet
from annotate.label.answers import Said
from annotate.label.revealing import is_revealed, machine_words, note_seen
from annotate.label.writing import Ledger
from annotate.models import Assignment, Label, Project, Trace
from tests.factories import a_criterion, a_label, a_person, a_project, a_rater, a_trace

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    project = a_project(bob=Role.ANNOTATOR)
    set_labelling(project, shows_reference=False, reveals_prelabels=True)
    return project


@pytest.fixture
def trace(project: Project) -> Trace:
    trace = a_trace(project, n_steps=2)
    judge = a_rater(project, RaterKind.JUDGE, "judge/one")
    first, second = trace.steps.all()
    a_label(judge, first, "bad", text="the sign", distribution={"bad": 0.9, "good": 0.1})
    a_label(judge, second, "good")
    # Neither gold nor other people are ever shown, nor a probe that only ranks.
    for kind in (RaterKind.GOLD, RaterKind.PERSON, RaterKind.PROBE):
        a_label(a_rater(project, kind), first, "neutral")
    fill_queue(project)
    return trace


def taken(project: Project, name: str = "bob") -> Assignment:
    assignment = claim_next(project, rater_of(project, a_person(name)))
    assert assignment is not None
    return assignment


def say(held: Assignment, *values: str) -> list[Said]:
    verdict = a_criterion(held.project)
    return [Said(verdict.pk, position, value) for position, value in enumerate(values)]


def test_the_first_submission_shows_and_the_second_counts(project: Project, trace: Trace) -> None:
    held = taken(project)
    assert not is_revealed(held)
    assert submit_sheet(held, held.token, say(held, "good")).problem is not None
    assert not is_revealed(held)
    assert submit_sheet(held, held.token, say(held, "good", "good")).is_revealed
    held.refresh_from_db()
    assert (held.state, is_revealed(held)) == ("held", True)
    words = machine_words(held)
    assert [(at, [(w.rater, w.title, w.probability) for w in said]) for at, said in words.items()] == [
        (0, [("judge/one", "Bad", 0.9)]),
        (1, [("judge/one", "Good", None)]),
    ]
    assert submit_sheet(held, held.token, say(held, "bad", "good")).counts
    held.refresh_from_db()
    assert held.state == "submitted"
    mine = Label.objects.filter(rater__name="bob").order_by("pk")
    assert list(mine.values_list("value", "is_live", "has_seen_prelabels")) == [
        ("good", False, False),
        ("good", True, False),
        ("bad", True, True),
    ]


def test_nothing_is_shown_where_the_project_does_not_or_no_machine_spoke(project: Project) -> None:
    a_trace(project, n_steps=1)
    fill_queue(project)
    held = taken(project)
    assert submit_sheet(held, held.token, say(held, "good")).counts


def test_nothing_is_shown_where_the_project_does_not(project: Project, trace: Trace) -> None:
    set_labelling(project, shows_reference=False, reveals_prelabels=False)
    held = taken(project)
    assert submit_sheet(held, held.token, say(held, "good", "good")).counts


def test_a_new_holder_of_the_slot_starts_blind_and_the_old_one_does_not(
    project: Project, trace: Trace
) -> None:
    held = taken(project)
    submit_sheet(held, held.token, say(held, "good", "good"))
    release_assignment(held, held.token)
    back = taken(project)
    assert is_revealed(back)
    release_assignment(back, back.token)
    other = taken(project, "carol")
    assert other.pk == held.pk
    assert not is_revealed(other)
    assert not Ledger(other).has_seen_prelabels


def test_whoever_looked_at_the_trace_is_not_blind_and_sees_no_more_than_others(
    project: Project, trace: Trace
) -> None:
    note_seen(a_person("bob"), trace)
    note_seen(a_person("bob"), trace)
    held = taken(project)
    assert not is_revealed(held)
    save_answers(held, held.token, say(held, "good", "good"))
    assert set(Label.objects.filter(rater__name="bob").values_list("has_seen_prelabels", flat=True)) == {True}
    assert submit_sheet(held, held.token).is_revealed
    assert is_revealed(held)
