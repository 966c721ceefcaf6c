"""Judges of pairs written by hand, that ask a model nothing it could not answer from the two texts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from annotate.prelabel.audit.strategy import AuditSettings, audit
from annotate.prelabel.audit.sums import true_sums
from annotate.prelabel.contracts import (
    Completion,
    CriterionTask,
    Finding,
    Message,
    Opinion,
    PairTask,
    Request,
    Silence,
    Strategy,
)
from annotate.prelabel.entries import StrategyEntry
from tests.annotate.prelabel.answering import run, said
from tests.annotate.prelabel.criteria import PREFERENCE

# What the model says of (left, right); anything but a level is silence.
Answer = Callable[[str, str], str]

BUS = "A bus leaves with 10 people. 3 people get off and 7 get on. How many people are on the bus now?"
RIGHT = "3 people get off, so 10 - 3 = 7.\n7 get on, so 7 + 7 = 14.\nAnswer: 14\n"
WRONG = "3 people get off, so 10 - 3 = 7.\n7 get on, so 7 + 7 = 15.\nAnswer: 15\n"
NO_TIE = replace(PREFERENCE, levels=PREFERENCE.levels[:2])


@dataclass(frozen=True, slots=True)
class JudgeSettings:
    seed: int = 0
    temperature: float = 1.0
    left: str = "left"
    right: str = "right"
    tie: str = "tie"


def by_hand(task: PairTask, settings: JudgeSettings) -> Strategy:
    """One request; the answer is the level, anything else is a silence."""
    asked = (Message("user", task.problem), Message("user", task.left), Message("user", task.right))
    ((answer,),) = yield [Request(asked, purpose=f"{settings.seed}")]
    if answer.text in {"left", "right", "tie", "unsure"}:
        return Finding((Opinion(None, answer.text),))
    return Finding(silences=(Silence(None, answer.text or "nothing said"),))


def in_both_orders(task: PairTask, settings: JudgeSettings) -> Strategy:
    """As above in both orders: a tie unless they agree, and says whether they do."""
    sides = ((task.left, task.right), (task.right, task.left))
    answers = yield [
        Request((Message("user", task.problem), *(Message("user", text) for text in shown)))
        for shown in sides
    ]
    one, other = (completions[0].text for completions in answers)
    other = {"left": "right", "right": "left"}.get(other, other)
    evidence = {"is_consistent": one == other}
    if one != other and "silent" in task.problem:
        return Finding(silences=(Silence(None, "the orders disagree", evidence),))
    return Finding((Opinion(None, one if one == other else "tie", evidence=evidence),))


BY_HAND = StrategyEntry("judge/by_hand", "judge", "By hand", JudgeSettings, by_hand, task="pair")
BOTH_ORDERS = replace(BY_HAND, factory=in_both_orders)


def pair(
    left: str = RIGHT,
    right: str = WRONG,
    *,
    outcomes: tuple[str | None, str | None] = ("right", "wrong"),
    gold: str | None = None,
    problem: str = BUS,
    criterion: CriterionTask = PREFERENCE,
) -> PairTask:
    return PairTask(
        problem,
        left,
        right,
        criterion=criterion,
        left_outcome=outcomes[0],
        right_outcome=outcomes[1],
        preference_hint=gold,
    )


def audited(
    task: PairTask,
    answer: Answer,
    *,
    judge: StrategyEntry = BY_HAND,
    settings: Mapping[str, Any] | None = None,
    votes: int = 4,
) -> dict[str, Any]:
    """The families' counts for one pair, of a judge whose model answers like this."""

    def reply(request: Request, sample: int) -> Completion:
        _, left, right = (message.content for message in request.messages)
        return said(answer(left, right))

    chosen = AuditSettings(judge.name, {**asdict(judge.settings_class()), **(settings or {})}, votes)
    finding, _ = run(audit(task, chosen, judge), reply)
    assert (finding.opinions, finding.silences) == ((), ()), "an audit labels nothing"
    counts: dict[str, Any] = finding.summary["families"]
    return counts


def careful(left: str, right: str) -> str:
    """The text with more sums that hold, if it comes to an answer; words count for nothing."""
    one, other = _worth(left), _worth(right)
    return "tie" if one == other else "left" if one > other else "right"


def _worth(text: str) -> int:
    return len(list(true_sums(text.replace("−", "-")))) if "Answer" in text else 0
