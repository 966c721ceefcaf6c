from __future__ import annotations

import pytest

from annotate.assign.actions import rater_of
from annotate.assign.compare.actions import claim_comparison
from annotate.assign.compare.filling import fill_comparisons
from annotate.assign.compare.queries import Standing, compare_state
from annotate.enums import AssignmentState, CriterionKind, RaterKind, Role, Scope
from annotate.errors import Conflict, Rejected
from annotate.ingest.founding import create_rubric, use_rubric
from annotate.ingest.presets import CriterionPreset, LevelPreset
from annotate.label.comparing import Choice, own_answers, send_comparison_back, submit_comparison
from annotate.label.revealing import note_seen
from annotate.models import Comparison, Criterion, Label, Project
from tests.factories import (
    a_comparing_project,
    a_criterion,
    a_lineup,
    a_pair,
    a_pair_label,
    a_person,
    a_rater,
    some_attempts,
)

pytestmark = pytest.mark.django_db

SIDES = (LevelPreset("left", "Left", hotkey="1"), LevelPreset("right", "Right", hotkey="2", needs_text=True))
TWO_QUESTIONS = (
    CriterionPreset("better", "Better", "Which?", SIDES, scope=Scope.PAIR, kind=CriterionKind.CHOICE),
    CriterionPreset(
        "by_what",
        "By what",
        "What decided?",
        (LevelPreset("rigour", "Rigour"), LevelPreset("style", "Style")),
        scope=Scope.PAIR,
        kind=CriterionKind.TAGS,
        condition="better",
        condition_levels=("left",),
    ),
    CriterionPreset(
        "note", "Note", "Anything?", (), scope=Scope.PAIR, kind=CriterionKind.TEXT, is_optional=True
    ),
)


def held_by_bob(project: Project) -> Comparison:
    fill_comparisons(project)
    held = claim_comparison(project, rater_of(project, a_person("bob")))
    assert held is not None
    return held


def a_pair_with_bob(*criteria: CriterionPreset) -> Comparison:
    project = a_comparing_project(bob=Role.ANNOTATOR)
    if criteria:
        use_rubric(project, create_rubric(project, name="own", criteria=criteria))
    a_pair(*some_attempts(project, "one", "two"))
    return held_by_bob(project)


def a_lineup_with_bob() -> Comparison:
    project = a_comparing_project(preset="ranking", bob=Role.ANNOTATOR)
    a_lineup(*some_attempts(project, "one", "two", "three"))
    return held_by_bob(project)


def key(held: Comparison, name: str) -> int:
    return a_criterion(held.project, name).pk


def test_an_answer_is_an_ordinary_label_that_counts_at_once() -> None:
    held = a_pair_with_bob()
    submit_comparison(held, held.token, [Choice(key(held, "preference"), "left", " It is right. ", 3.14)])
    label = Label.objects.counted().get()
    assert (label.rater.kind, label.rater.name, label.pair) == (RaterKind.PERSON, "bob", held.pair)
    assert (label.value, label.text, label.seconds) == ("left", "It is right.", 3.1)
    assert label.evidence == {"comparison": held.pk}
    assert not label.has_seen_prelabels
    assert label.criterion.rubric.is_frozen
    held.refresh_from_db()
    assert (held.state, held.held_until) == (AssignmentState.SUBMITTED, None)
    assert own_answers(held)[key(held, "preference")].value == "left"


def test_somebody_who_has_seen_what_machines_say_of_a_side_is_marked() -> None:
    held = a_pair_with_bob()
    assert held.pair is not None
    assert held.pair.right_trace is not None
    note_seen(a_person("bob"), held.pair.right_trace)
    submit_comparison(held, held.token, [Choice(key(held, "preference"), "tie")])
    assert Label.objects.get().has_seen_prelabels


def test_a_missing_answer_a_missing_reason_and_a_wrong_level_write_nothing() -> None:
    held = a_pair_with_bob(*TWO_QUESTIONS)
    better, by_what, note = (key(held, name) for name in ("better", "by_what", "note"))
    refused = (
        ([], "better", "needs an answer"),
        ([Choice(note, text="words alone")], "better", "needs an answer"),
        ([Choice(better, "right")], "better", "the reason in words"),
        ([Choice(better, "left")], "by_what", "needs an answer"),
        ([Choice(better, "middle")], "better", "no level 'middle'"),
        ([Choice(better, "left"), Choice(better, "right", "x")], "better", "answered twice"),
        ([Choice(better, "left"), Choice(by_what, "taste")], "by_what", "taste"),
        ([Choice(99999, "left")], "criterion", "not in the rubric"),
        ([Choice(better, "left", "\x00")], "better", "NUL"),
    )
    for choices, field, reason in refused:
        with pytest.raises(Rejected, match=reason) as caught:
            submit_comparison(held, held.token, choices)
        assert caught.value.field == field
    assert not Label.objects.exists()
    assert Comparison.objects.get(pk=held.pk).state == AssignmentState.HELD


def test_several_questions_and_one_that_is_not_asked_after_all() -> None:
    held = a_pair_with_bob(*TWO_QUESTIONS)
    choices = [
        Choice(key(held, "better"), "right", "Shorter."),
        Choice(key(held, "by_what"), "style"),
        Choice(key(held, "note"), text="Both are long."),
    ]
    submit_comparison(held, held.token, choices)
    said = Label.objects.values_list("criterion__key", "value", "text")
    assert set(said) == {("better", "right", "Shorter."), ("note", "", "Both are long.")}


def test_a_ranking_is_stored_the_one_way_it_is_written() -> None:
    held = a_lineup_with_bob()
    choices = [Choice(key(held, "ranking"), "C>B=A"), Choice(key(held, "reason"), text="C is right.")]
    submit_comparison(held, held.token, choices)
    label = Label.objects.get(criterion__kind=CriterionKind.RANKING)
    assert (label.value, label.lineup) == ("c>a=b", held.lineup)


def test_a_ranking_that_leaves_somebody_out_is_refused() -> None:
    held = a_lineup_with_bob()
    with pytest.raises(Rejected, match="c has no rank yet") as caught:
        submit_comparison(held, held.token, [Choice(key(held, "ranking"), "a>b")])
    assert caught.value.field == "ranking"
    assert not Label.objects.exists()


def test_what_came_from_elsewhere_is_superseded_and_stays() -> None:
    held = a_pair_with_bob()
    assert held.holder is not None
    assert held.pair is not None
    earlier = a_pair_label(held.holder, held.pair, "left")
    submit_comparison(held, held.token, [Choice(key(held, "preference"), "right")])
    assert Label.objects.live().get().supersedes == earlier


def test_an_old_token_writes_nothing() -> None:
    held = a_pair_with_bob()
    with pytest.raises(Conflict):
        submit_comparison(held, held.token - 1, [Choice(key(held, "preference"), "left")])
    assert not Label.objects.exists()


def test_own_answers_are_ones_own() -> None:
    held = a_pair_with_bob()
    assert held.pair is not None
    a_pair_label(a_rater(held.project, RaterKind.JUDGE), held.pair, "right")
    assert own_answers(held) == {}


def test_a_rubric_that_stopped_asking_is_no_missing_answer() -> None:
    held = a_pair_with_bob()
    Criterion.objects.filter(rubric=held.project.rubric).update(is_asked=False)
    with pytest.raises(Conflict):
        submit_comparison(held, held.token, [])


def test_what_is_sent_back_counts_no_more_and_comes_first_with_what_was_said() -> None:
    held = a_pair_with_bob()
    project, bob = held.project, held.holder
    assert bob is not None
    submit_comparison(held, held.token, [Choice(key(held, "preference"), "left", "It is right.")])
    a_pair(*some_attempts(project, "three", "four"))
    fill_comparisons(project)
    with pytest.raises(Rejected, match="Say in at most"):
        send_comparison_back(held, " ")
    send_comparison_back(held, "Look at the last line.")
    assert not Label.objects.live().exists()
    with pytest.raises(Conflict, match="not submitted any more"):
        send_comparison_back(held, "And again.")
    assert claim_comparison(project, rater_of(project, a_person("carol"))) is not None
    assert compare_state(project, bob).standing == Standing.HOLDING
    again = claim_comparison(project, bob)
    assert again is not None
    assert (again.pk, again.token, again.note) == (held.pk, held.token + 1, "Look at the last line.")
    assert [said.value for said in own_answers(again).values()] == ["left"]
    submit_comparison(again, again.token, [Choice(key(held, "preference"), "right")])
    label = Label.objects.live().get()
    assert (label.value, label.supersedes is not None) == ("right", True)
    assert Comparison.objects.get(pk=held.pk).note == ""


def test_one_that_is_measured_is_not_sent_back() -> None:
    held = a_pair_with_bob()
    submit_comparison(held, held.token, [Choice(key(held, "preference"), "left")])
    Comparison.objects.filter(pk=held.pk).update(purpose="gold")
    with pytest.raises(Conflict, match="The answer is known here"):
        send_comparison_back(held, "Look again.")
