from __future__ import annotations

from dataclasses import replace

import pytest

from annotate.enums import CriterionKind, Scope
from annotate.errors import Rejected
from annotate.ingest.presets import DIMENSIONS, PREFERENCE, PRM_VERDICTS, CriterionPreset, LevelPreset
from annotate.ingest.rubric_rules import PAGE_KEYS, check_criteria, problems_in
from annotate.label.shortcuts import SHORTCUTS

GOOD, BAD = (
    LevelPreset("good", "Good", hotkey="1", score=1.0),
    LevelPreset("bad", "Bad", hotkey="2", score=-1.0),
)
VERDICT = CriterionPreset("verdict", "Verdict", "", (GOOD, BAD))
NOTE = CriterionPreset("note", "Note", "", (), kind=CriterionKind.TEXT)
TAGS = CriterionPreset("slips", "Slips", "", (LevelPreset("sign", "Sign"),), kind=CriterionKind.TAGS)
OVERALL = replace(VERDICT, key="overall", title="Overall", scope=Scope.TRACE)
GROUP = CriterionPreset("all", "All", "", (), scope=Scope.TRACE, kind=CriterionKind.GROUP)
CORRECTION = CriterionPreset("rewrite", "Rewrite", "", (), kind=CriterionKind.CORRECTION)
RANKING = CriterionPreset("order", "Order", "", (), scope=Scope.LINEUP, kind=CriterionKind.RANKING)


def level(**change: object) -> CriterionPreset:
    return replace(VERDICT, levels=(GOOD, replace(BAD, **change)))  # type: ignore[arg-type]


def test_rubrics_that_can_be_answered_have_no_problems() -> None:
    critique = replace(NOTE, condition="verdict", condition_levels=("bad",))
    inside = replace(OVERALL, parent="all")
    assert problems_in([*PRM_VERDICTS, *DIMENSIONS, PREFERENCE]) == []
    assert problems_in([RANKING, replace(NOTE, scope=Scope.LINEUP)]) == []
    assert problems_in([VERDICT, critique, CORRECTION, replace(TAGS, severities=("minor", "fatal"))]) == []
    assert (
        problems_in([GROUP, inside, replace(VERDICT, condition="overall", condition_levels=("bad",))]) == []
    )


@pytest.mark.parametrize(
    ("criteria", "path", "why"),
    [
        ([replace(VERDICT, key="")], "criteria[0].key", "empty"),
        ([replace(VERDICT, key="two words")], "criteria[0].key", "letters, digits"),
        ([replace(VERDICT, title=" ")], "criteria[0].title", "empty"),
        ([VERDICT, VERDICT], "criteria[1].key", "already"),
        ([replace(VERDICT, levels=())], "criteria[0].levels", "at least one level"),
        ([replace(NOTE, levels=(GOOD,))], "criteria[0].levels", "no levels"),
        ([replace(VERDICT, weight=float("nan"))], "criteria[0].weight", "number from 0"),
        ([replace(CORRECTION, scope=Scope.TRACE)], "criteria[0].scope", "only a step"),
        ([replace(RANKING, scope=Scope.TRACE)], "criteria[0].scope", "is a lineup"),
        ([replace(VERDICT, scope=Scope.LINEUP)], "criteria[0].kind", "put in order"),
        ([replace(RANKING, levels=(GOOD,))], "criteria[0].levels", "no levels"),
        ([replace(VERDICT, severities=("minor",))], "criteria[0].severities", "only tags"),
        ([replace(TAGS, severities=("a", "a"))], "criteria[0].severities", "twice"),
        ([replace(TAGS, severities=("very bad",))], "criteria[0].severities", "one short word"),
        ([replace(OVERALL, stops_at_first_error=True)], "criteria[0].stops_at_first_error", "among steps"),
        (
            [replace(VERDICT, levels=(GOOD,), stops_at_first_error=True)],
            "criteria[0].stops_at_first_error",
            "no level marks an error",
        ),
        (
            [replace(VERDICT, levels=(BAD,), fills_before_error=True)],
            "criteria[0].fills_before_error",
            "above 0",
        ),
        ([level(hotkey="1")], "criteria[0].levels[1].hotkey", "taken by the level Good"),
        ([level(hotkey="j")], "criteria[0].levels[1].hotkey", "uses the key j itself"),
        ([level(hotkey="A")], "criteria[0].levels[1].hotkey", "small letter"),
        ([level(hotkey=" ")], "criteria[0].levels[1].hotkey", "small letter"),
        ([level(key="good")], "criteria[0].levels[1].key", "taken by the level Good"),
        ([level(score=float("inf"))], "criteria[0].levels[1].score", "number"),
        ([level(ends_trace=True)], "criteria[0].levels[1].ends_trace", "about the trace"),
        ([level(is_fatal=True)], "criteria[0].levels[1].is_fatal", "about the trace"),
        (
            [replace(NOTE, condition="verdict", condition_levels=("bad",)), VERDICT],
            "criteria[0].condition",
            "comes after it",
        ),
        (
            [replace(VERDICT, condition="verdict", condition_levels=("bad",))],
            "criteria[0].condition",
            "comes after it",
        ),
        ([replace(NOTE, condition="what", condition_levels=("x",))], "criteria[0].condition", "no question"),
        (
            [VERDICT, replace(NOTE, condition="verdict", condition_levels=("awful",))],
            "criteria[1].condition_levels",
            "no level awful",
        ),
        ([VERDICT, replace(NOTE, condition="verdict")], "criteria[1].condition_levels", "which answers"),
        ([replace(NOTE, condition_levels=("bad",))], "criteria[0].condition", "not the question"),
        (
            [VERDICT, replace(OVERALL, condition="verdict", condition_levels=("bad",))],
            "criteria[1].condition",
            "asked about a step",
        ),
        (
            [
                replace(VERDICT, is_asked=False),
                replace(NOTE, condition="verdict", condition_levels=("bad",)),
            ],
            "criteria[1].condition",
            "not put to people",
        ),
        ([replace(OVERALL, parent="all"), GROUP], "criteria[0].parent", "put the group first"),
        ([OVERALL, replace(OVERALL, key="two", parent="overall")], "criteria[1].parent", "not a group"),
        ([GROUP, replace(VERDICT, parent="all")], "criteria[1].parent", "about the trace"),
        ([GROUP], "criteria[0].key", "no question belongs"),
        ([GROUP, replace(OVERALL, parent="all", weight=0.0)], "criteria[0].weight", "weigh nothing"),
        (
            [
                GROUP,
                replace(OVERALL, parent="all"),
                replace(OVERALL, key="two", title="Two", levels=(GOOD,), parent="all"),
            ],
            "criteria[0].key",
            "different ranges",
        ),
    ],
)
def test_what_cannot_be_answered_is_named_with_its_place(
    criteria: list[CriterionPreset], path: str, why: str
) -> None:
    found = [problem for problem in problems_in(criteria) if why in problem.reason]
    assert [problem.path for problem in found] == [path]
    with pytest.raises(Rejected):
        check_criteria(criteria)


def test_a_reason_names_the_question_and_the_level() -> None:
    (problem,) = problems_in([level(hotkey="j")])
    assert problem.reason == "Verdict, level Bad: the labelling page uses the key j itself."


def test_every_key_of_the_page_is_kept_free() -> None:
    assert {shortcut.key for shortcut in SHORTCUTS} == PAGE_KEYS
    for key in PAGE_KEYS:
        assert problems_in([level(hotkey=key)])
    assert not problems_in([level(hotkey="-")])


def test_tags_that_could_not_be_stored_together_are_refused() -> None:
    many = tuple(LevelPreset(f"{'t' * 38}{n}", f"T{n}") for n in range(6))
    (problem,) = problems_in([replace(TAGS, levels=many)])
    assert "all tags together take" in problem.reason
