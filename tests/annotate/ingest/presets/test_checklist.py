from __future__ import annotations

import pytest

from annotate.label.queries import sheet_of
from tests.annotate.ingest.presets.labelling import answer_in_order, bob_opens, counted, say

pytestmark = pytest.mark.django_db

YES = dict.fromkeys(
    (
        ("answer-right", None),
        ("steps-sound", None),
        ("not-fabricated", None),
        ("question-answered", None),
        ("cases-covered", None),
        ("can-be-followed", None),
        ("no-detours", None),
    ),
    "yes",
)


def test_the_questions_are_about_the_trace_and_add_up() -> None:
    held = bob_opens("checklist")
    # Correctness: (2·1 + 1·0 + 1·1) / 4; the groups weigh 3, 2 and 1.
    said = YES | {("steps-sound", None): "no"}
    assert answer_in_order(held, said) == list(said)
    assert counted(held) == said
    totals = {total.title: total.score for total in sheet_of(held).totals}
    assert totals == {
        "Quality": pytest.approx((3 * 0.75 + 2 + 1) / 6),
        "Correctness": pytest.approx(0.75),
        "Completeness": 1.0,
        "Clarity": 1.0,
    }


def test_what_is_made_up_outweighs_everything_and_unsure_is_left_out() -> None:
    held = bob_opens("checklist")
    answer_in_order(held, YES | {("not-fabricated", None): "no", ("no-detours", None): "unsure"})
    quality, correctness, _, clarity = sheet_of(held).totals
    assert (quality.score, quality.fatal) == (0.0, ("Nothing is made up",))
    assert correctness.score == 0.0
    assert (clarity.score, clarity.unknown) == (1.0, ("No detours",))


def test_before_any_answer_nothing_is_known() -> None:
    held = bob_opens("checklist")
    assert {total.score for total in sheet_of(held).totals} == {None}
    say(held, "can-be-followed", None, "no")
    assert [total.score for total in sheet_of(held).totals] == [0.0, None, None, 0.0]
