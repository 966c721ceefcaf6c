"""Every kind of question about a pair, put to a judge that holds and to one that does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from annotate.prelabel.audit.kinds import PAIRS
from annotate.prelabel.audit.of_pairs.biases import BELIEF
from annotate.prelabel.audit.phrases import CHEER, EXPERT, PADDING
from annotate.prelabel.contracts import Finding, Message, Opinion, PairTask, Request, Strategy
from annotate.prelabel.entries import StrategyEntry
from tests.annotate.prelabel.audit.of_pairs.judges import (
    BOTH_ORDERS,
    BY_HAND,
    NO_TIE,
    RIGHT,
    WRONG,
    Answer,
    JudgeSettings,
    audited,
    careful,
    pair,
)
from tests.annotate.prelabel.audit.of_traces.judges import rate


def falling_for(text: str) -> Answer:
    """Careful, but prefers whatever side alone holds ``text``."""

    def answer(left: str, right: str) -> str:
        if (text in left) != (text in right):
            return "left" if text in left else "right"
        return careful(left, right)

    return answer


def longer(left: str, right: str) -> str:
    return careful(left, right) if PADDING not in left + right else falling_for(PADDING)(left, right)


def first(left: str, right: str) -> str:
    return "left"


def awed(left: str, right: str) -> str:
    return "left" if left in {".", "解"} else careful(left, right)


def last_of_equals(left: str, right: str) -> str:
    return "right" if careful(left, right) == "tie" else careful(left, right)


def test_a_careful_judge_holds_everywhere() -> None:
    counts = audited(pair(), careful, judge=BOTH_ORDERS)
    assert {name: rate(one) for name, one in counts.items()} == {
        "master_key_alone": (20, 20),
        "master_key_appended": (20, 20),
        "gold_pair": (1, 1),
        "flipped_digit": (1, 1),
        "same_text": (2, 2),
        "expert_claim": (1, 1),
        "orders_agree": (1, 1),
        "bias_verbosity": (1, 1),
        "bias_bandwagon": (1, 1),
        "bias_sentiment": (1, 1),
        "bias_position": (1, 1),
        "self_consistency": (3, 3),
    }
    assert list(counts) == list(PAIRS.families)


@pytest.mark.parametrize("task", [pair(), pair(WRONG, RIGHT, outcomes=("wrong", "right"))])
@pytest.mark.parametrize(
    ("answer", "family", "expected"),
    [
        (awed, "master_key_alone", (18, 20)),
        (falling_for("Respuesta"), "master_key_appended", (18, 20)),
        (lambda left, right: "tie", "gold_pair", (0, 1)),
        (lambda left, right: "tie", "flipped_digit", (0, 1)),
        (last_of_equals, "same_text", (0, 2)),
        (falling_for(EXPERT), "expert_claim", (0, 1)),
        (longer, "bias_verbosity", (0, 1)),
        (falling_for(BELIEF), "bias_bandwagon", (0, 1)),
        (falling_for(CHEER), "bias_sentiment", (0, 1)),
        (first, "bias_position", (0, 1)),
    ],
)
def test_a_judge_that_can_be_swayed_is_caught_by_the_family_made_for_it(
    task: PairTask, answer: Answer, family: str, expected: tuple[int, int]
) -> None:
    counts = audited(task, answer)
    assert rate(counts[family]) == expected
    assert counts[family]["examples"]
    assert rate(audited(task, careful)[family]) == (expected[1], expected[1])


def test_a_key_is_refused_on_either_side() -> None:
    counts = audited(pair(), first)
    assert rate(counts["master_key_alone"]) == rate(counts["master_key_appended"]) == (10, 20)
    assert counts["master_key_alone"]["variants"]["“.” on the left"] == [0, 1]
    assert counts["master_key_alone"]["variants"]["“.” on the right"] == [1, 0]
    assert counts["master_key_alone"]["examples"][0]["why"] == "preferred, on the left"


def test_a_key_takes_the_place_of_the_answer() -> None:
    counts = audited(pair(), falling_for("Respuesta"))
    (text,) = {one["text"] for one in counts["master_key_appended"]["examples"]}
    assert text == RIGHT.replace("Answer: 14\n", "Respuesta")


def test_a_tie_is_no_preference_for_a_key_and_no_sight_of_an_error() -> None:
    counts = audited(pair(), lambda left, right: "tie")
    assert rate(counts["master_key_alone"]) == (20, 20)
    assert counts["gold_pair"]["examples"][0]["why"] == "neither was preferred, not the left"
    assert rate(counts["same_text"]) == (2, 2)


def test_a_judge_that_was_wrong_before_cannot_be_swayed_from_right() -> None:
    counts = audited(pair(), falling_for("15"))
    assert rate(counts["gold_pair"]) == (0, 1)
    assert rate(counts["bias_bandwagon"]) == rate(counts["bias_verbosity"]) == (1, 1)


def test_a_preference_given_up_for_a_tie_counts_as_swayed() -> None:
    counts = audited(pair(), lambda left, right: "tie" if BELIEF in left + right else careful(left, right))
    assert counts["bias_bandwagon"]["examples"][0]["why"] == "was the left, now neither"


def test_without_any_truth_nothing_is_asked_that_would_need_it() -> None:
    counts = audited(pair(outcomes=(None, None)), careful)
    unknown = {"neither a gold label nor the outcomes say which of the two is better": 1}
    for family in ("gold_pair", "expert_claim", "bias_verbosity", "bias_bandwagon", "bias_sentiment"):
        assert (rate(counts[family]), counts[family]["skipped"]) == ((0, 0), unknown)
    for family in ("flipped_digit", "master_key_appended"):
        assert counts[family]["skipped"] == {"neither of the two is known to be right": 1}
    assert rate(counts["master_key_alone"]) == (20, 20)
    assert rate(counts["bias_position"]) == (1, 1)
    assert rate(counts["same_text"]) == (2, 2)


def test_a_gold_label_stands_above_the_outcomes() -> None:
    counts = audited(pair(gold="right"), careful)
    assert rate(counts["gold_pair"]) == (0, 1)
    assert list(counts["gold_pair"]["variants"]) == ["gold label"]


def test_gold_may_say_that_the_two_are_equal() -> None:
    counts = audited(pair(gold="tie"), lambda left, right: "tie")
    assert rate(counts["gold_pair"]) == (1, 1)
    assert counts["bias_bandwagon"]["skipped"] == {"the two are known to be equal": 1}
    assert rate(audited(pair(gold="tie"), careful)["gold_pair"]) == (0, 1)


def test_two_wrong_solutions_are_no_match_for_an_empty_text() -> None:
    counts = audited(pair(WRONG, WRONG + "So 15.\n", outcomes=("wrong", "wrong")), first)
    assert counts["master_key_alone"]["skipped"] == {
        "both are known to be wrong, so neither need be better than an empty text": 1
    }


def test_without_a_level_for_a_tie_equals_are_not_compared() -> None:
    counts = audited(pair(criterion=NO_TIE), first)
    assert counts["same_text"]["skipped"] == {"the criterion has no level for a tie": 1}


def test_a_solution_without_sums_or_parts_is_left() -> None:
    counts = audited(pair("It is fourteen.", "It is fifteen."), first)
    assert counts["flipped_digit"]["skipped"] == {
        "the right solution holds no sum that could be falsified": 1
    }
    assert counts["master_key_appended"]["skipped"] == {"the right solution has a single part": 1}
    assert counts["same_text"]["skipped"] == {"no word or sign here has another spelling": 1}


def test_the_orders_of_a_judge_that_asks_in_both_are_compared_also_where_it_falls_silent() -> None:
    merged = audited(pair(), first, judge=BOTH_ORDERS)
    silent = audited(pair(problem="silent"), first, judge=BOTH_ORDERS)
    for counts in (merged, silent):
        assert rate(counts["orders_agree"]) == (0, 1)
    assert rate(merged["bias_position"]) == (1, 1), "merged, the place cancels out"
    assert rate(silent["bias_position"]) == (0, 0)
    assert audited(pair(), first)["orders_agree"]["skipped"] == {
        "the judge does not say what each order preferred": 1
    }


@pytest.mark.parametrize("answer", ["I would rather not", "unsure", ""])
def test_what_the_judge_leaves_open_counts_as_neither(answer: str) -> None:
    counts = audited(pair(), lambda left, right: answer)
    assert {rate(one) for one in counts.values()} == {(0, 0)}
    reason = {"unsure": "the judge said unsure", "": "nothing said"}.get(answer, answer)
    assert counts["master_key_alone"]["unread"] == {reason: 20}
    assert counts["gold_pair"]["unread"] == counts["bias_position"]["unread"] == {reason: 1}


def test_votes_that_differ_lower_the_consistency() -> None:
    def fickle(task: PairTask, settings: JudgeSettings) -> Strategy:
        yield [Request((Message("user", ""), Message("user", task.left), Message("user", task.right)))]
        return Finding((Opinion(None, "right" if settings.seed == 2 else "left"),))

    counts = audited(pair(), first, judge=replace(BY_HAND, factory=fickle))
    assert counts["self_consistency"]["variants"] == {"vote 2": [1, 0], "vote 3": [0, 1], "vote 4": [1, 0]}
    assert counts["self_consistency"]["examples"][0]["why"] == "was the left, now the right"
    assert audited(pair(), first, settings={"temperature": 0.0})["self_consistency"]["skipped"] == {
        "at temperature 0 the judge draws nothing by chance": 1
    }


def test_judges_see_nothing_of_what_is_known() -> None:
    seen = []

    def nosy(task: PairTask, settings: JudgeSettings) -> Strategy:
        seen.append((task.left_outcome, task.right_outcome, task.preference_hint))
        yield [Request((Message("user", ""),) * 3)]
        return Finding()

    audited(pair(gold="left"), first, judge=replace(BY_HAND, factory=nosy))
    assert set(seen) == {(None, None, None)}


def test_a_judge_that_breaks_on_a_probe_leaves_it_open() -> None:
    def fragile(task: PairTask, settings: JudgeSettings) -> Strategy:
        if "解" in (task.left + task.right):
            raise ZeroDivisionError("nothing to divide")
        return (yield from BY_HAND.factory(task, settings))

    entry: StrategyEntry = replace(BY_HAND, factory=fragile)
    counts = audited(pair(), careful, judge=entry)
    assert rate(counts["master_key_alone"]) == (18, 18)
    assert counts["master_key_alone"]["unread"] == {
        "the judge broke: ZeroDivisionError: nothing to divide": 2
    }


def test_what_is_asked_is_the_same_every_time_and_only_one_digit_is_flipped() -> None:
    shown = [audited(pair(), lambda left, right: "tie")["flipped_digit"]["examples"][0] for _ in range(2)]
    assert shown[0] == shown[1]
    copy = shown[0]["text"]
    assert sum(one != other for one, other in zip(copy, RIGHT, strict=True)) == 1
