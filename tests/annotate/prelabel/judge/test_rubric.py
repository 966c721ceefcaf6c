from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from annotate.errors import Rejected
from annotate.prelabel.asking.choices import ChoiceReading
from annotate.prelabel.asking.questions import LevelReading
from annotate.prelabel.contracts import Completion, CriterionTask, Request, TraceTask
from annotate.prelabel.judge.rubric import STRATEGY, RubricSettings, judge_rubric, rolled_up
from tests.annotate.prelabel.answering import Answerer, reasons, run, said, trace
from tests.annotate.prelabel.criteria import VERDICT, scale, told

QUALITY = scale("quality", scope="trace", scores=(0.0, 0.5, 1.0))
CORE = scale("core", scope="trace", weight=5.0)
STYLE = scale("style", scope="trace", weight=1.0)
SAFE = scale("safe", scope="trace", weight=2.0)


def task_of(*items: CriterionTask, root: CriterionTask = QUALITY) -> TraceTask:
    return replace(trace("a\n", "b"), criterion=root, criteria=(root, *items))


def answering(shares: Mapping[str, float]) -> Answerer:
    """The best level of each criterion is as likely as stated, in whichever order it is offered."""

    def answer(request: Request, sample: int) -> Completion:
        lines = request.messages[-1].content.splitlines()
        best = next(line[0] for line in lines if line[1:] == ": Level 1")
        share = shares[request.purpose]
        return told({letter: share if letter == best else 1 - share for letter in request.choices})

    return answer


def reading(share: float) -> LevelReading:
    return LevelReading(ChoiceReading({"l0": 1 - share, "l1": share}, 1.0, "tokens", 1), 0.0)


def labels(finding: object) -> dict[tuple[int | None, str], str]:
    return {(o.position, o.criterion): o.value for o in finding.opinions}  # type: ignore[attr-defined]


def test_every_item_is_labelled_and_rolled_up_by_weight() -> None:
    finding, asked = run(
        judge_rubric(task_of(CORE, STYLE), RubricSettings()), answering({"core": 0.9, "style": 0.2})
    )
    assert [r.purpose for r in asked] == ["core", "core", "style", "style"], "two orders each"
    assert labels(finding) == {(None, "core"): "l1", (None, "style"): "l0", (None, ""): "l2"}
    roll_up = finding.opinions[-1]
    assert roll_up.score == pytest.approx((5 * 0.9 + 1 * 0.2) / 6)
    assert (roll_up.evidence["failed"], roll_up.evidence["weights"]) == (
        ["style"],
        {"core": 5.0, "style": 1.0},
    )


def test_a_fatal_flaw_makes_only_fatal_items_count() -> None:
    share = {"core": 0.9, "style": 0.8, "safe": 0.3}
    finding, _ = run(
        judge_rubric(task_of(CORE, STYLE, SAFE), RubricSettings(fatal=("safe",))), answering(share)
    )
    assert finding.opinions[-1].score == pytest.approx(0.3)
    assert finding.opinions[-1].evidence["fatal"] == ["safe"]


def test_a_fatal_item_that_holds_counts_like_the_others() -> None:
    assert rolled_up([CORE, SAFE], {"core": reading(0.4), "safe": reading(0.9)}, ["safe"], "weighted") == (
        pytest.approx((5 * 0.4 + 2 * 0.9) / 7),
        ["core"],
    )


def test_each_failed_item_halves() -> None:
    readings = {"core": reading(0.4), "style": reading(0.1), "safe": reading(0.9)}
    assert rolled_up([CORE, STYLE, SAFE], readings, [], "halving") == (0.25, ["core", "style"])
    assert rolled_up([SAFE], readings, [], "halving") == (1.0, [])


def test_an_unread_item_silences_the_roll_up_and_not_the_others() -> None:
    def answer(request: Request, sample: int) -> Completion:
        return said("who knows") if request.purpose == "style" else answering({"core": 0.9})(request, sample)

    finding, _ = run(judge_rubric(task_of(CORE, STYLE), RubricSettings()), answer)
    assert labels(finding) == {(None, "core"): "l1"}
    assert reasons(finding) == {None: "style: no answer was one of the allowed words"}


def test_two_levels_alike_are_no_label() -> None:
    finding, _ = run(judge_rubric(task_of(CORE), RubricSettings()), answering({"core": 0.5}))
    assert (finding.opinions, reasons(finding)) == ((), {None: "core: two levels are equally likely"})


def test_a_judge_that_likes_the_letter_a_is_heard_to_say_nothing() -> None:
    finding, _ = run(judge_rubric(task_of(CORE), RubricSettings()), lambda r, s: told({"A": 0.9, "B": 0.1}))
    assert reasons(finding) == {None: "core: two levels are equally likely"}
    once, _ = run(
        judge_rubric(task_of(CORE), RubricSettings(orders=1)), lambda r, s: told({"A": 0.9, "B": 0.1})
    )
    assert labels(once)[None, "core"] == "l0", "one order alone cannot tell"


def test_order_gap_is_evidence() -> None:
    def answer(request: Request, sample: int) -> Completion:
        is_first = "A: Level 0" in request.messages[-1].content
        return told({"A": 0.9, "B": 0.1} if is_first else {"A": 0.4, "B": 0.6})

    finding, _ = run(judge_rubric(task_of(CORE), RubricSettings()), answer)
    assert finding.opinions[0].distribution == pytest.approx({"l0": 0.75, "l1": 0.25})
    assert finding.opinions[0].evidence["order_gap"] == pytest.approx(0.3)


def test_criterion_without_parts_is_asked_itself() -> None:
    task = replace(trace("a\n", "b"), criterion=VERDICT, criteria=(VERDICT, scale("recoverable"), CORE))
    finding, asked = run(
        judge_rubric(task, RubricSettings()), lambda r, s: told({"A": 0.2, "B": 0.5, "C": 0.2})
    )
    assert [r.about for r in asked] == [0, 0, 1, 1]
    assert labels(finding) == {(0, ""): "neutral", (1, ""): "neutral"}


def test_step_items_are_asked_of_every_step() -> None:
    items = (scale("clear"), scale("needed"))
    task = replace(trace("a\n", "b"), criterion=VERDICT, criteria=(VERDICT, *items))
    finding, asked = run(judge_rubric(task, RubricSettings()), answering({"clear": 0.9, "needed": 0.9}))
    assert len(asked) == 2 * 2 * 2
    assert labels(finding)[1, ""] == "good"
    assert finding.summary == {"items": ["clear", "needed"], "places": 2}


def test_items_that_do_not_exist_are_named() -> None:
    with pytest.raises(Rejected, match="'taste'") as caught:
        run(judge_rubric(task_of(CORE), RubricSettings(items=("taste",))), lambda r, s: said(""))
    assert caught.value.field == "items"
    with pytest.raises(Rejected, match="'clear'"):
        run(judge_rubric(task_of(scale("clear")), RubricSettings(items=("clear",))), lambda r, s: said(""))


def test_weights_of_nothing_are_an_error() -> None:
    with pytest.raises(Rejected, match="add up to 0"):
        rolled_up([replace(CORE, weight=0.0)], {"core": reading(0.9)}, [], "weighted")


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        ({"items": ["a", "a"]}, "items"),
        ({"items": ["a"], "fatal": ["b"]}, "fatal"),
        ({"method": "vibes"}, "method"),
    ],
)
def test_bad_settings_name_the_field(bad: dict[str, object], field: str) -> None:
    with pytest.raises(Rejected) as caught:
        STRATEGY.settings(bad)
    assert caught.value.field == field
