from __future__ import annotations

import pytest

from annotate.enums import CriterionKind
from annotate.label.cut_rules import DIFFERENT, IN_WORDS, ONE_PART, WHICH_PART, Asked, when_merged, when_split

VERDICT = Asked("verdict", {"good": 1.0, "neutral": 0.0, "bad": -1.0, "unsure": None}, {"bad"}, False)
FIRST = Asked("verdict", {"good": 1.0, "bad": -1.0}, {"bad"}, True)
SCALE = Asked("ordinal", {"one": 1.0, "five": 5.0}, (), False)


@pytest.mark.parametrize(("value", "is_kept"), [("good", 1), ("neutral", 0), ("bad", 0), ("unsure", 0)])
def test_only_a_right_step_has_two_right_parts(value: str, is_kept: int) -> None:
    fate = when_split(VERDICT, value, "so")
    assert (fate.is_carried, fate.why) == (bool(is_kept), "" if is_kept else WHICH_PART)
    assert not is_kept or (fate.value, fate.text) == (value, "so")


def test_the_top_of_a_scale_words_and_tags_are_not_split() -> None:
    assert when_split(SCALE, "five", "").why == WHICH_PART
    assert when_split(Asked(CriterionKind.TEXT, {}, (), False), "", "words").why == IN_WORDS
    assert when_split(Asked(CriterionKind.TAGS, {"a": None}, (), False), "a", "").why == WHICH_PART


@pytest.mark.parametrize(
    ("first", "second", "value", "why"),
    [
        (("bad", "x"), ("bad", "y"), "bad", ""),
        (("good", ""), ("bad", ""), "", DIFFERENT),
        (("good", ""), None, "", ONE_PART),
        (None, ("bad", ""), "", ONE_PART),
    ],
)
def test_the_same_answer_twice_is_the_answer_to_the_whole(first, second, value, why) -> None:
    fate = when_merged(VERDICT, first, second)
    assert (fate.value, fate.why) == (value, why)
    assert fate.text == ("x\n\ny" if value else "")


def test_a_first_error_in_either_step_is_the_first_error() -> None:
    assert when_merged(FIRST, ("good", ""), ("bad", "here")).value == "bad"
    assert when_merged(FIRST, ("bad", ""), None).value == "bad"
    assert when_merged(FIRST, ("good", ""), None).why == ONE_PART


def test_words_are_merged_only_where_they_are_the_same() -> None:
    asked = Asked(CriterionKind.TEXT, {}, (), False)
    assert when_merged(asked, ("", "same"), ("", "same")).text == "same"
    assert when_merged(asked, ("", "one"), ("", "other")).why == IN_WORDS
