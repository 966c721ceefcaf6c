"""Judge criterion by criterion, and roll the answers up into the criterion they are parts of.

Each item is asked by itself, with its levels in several orders. The roll-up weighs each item's expected score by the
criterion's weight (OpenRS, arXiv 2602.14069, uses 5 for core, 2 for important and 1 for highlights), or takes
``0.5 ** failed`` (ProImage-Bench, arXiv 2512.12220), where an item fails when any but its best level is the likeliest.
An item named ``fatal`` that fails makes all others count for nothing: only the fatal items are rolled up then.

An item that could not be read is silent, and so is every roll-up it would have counted in: leaving it out would call
it as good as the rest. OpenRS compares two answers; here one trace is judged, and orders are orders of levels.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from annotate.errors import Rejected
from annotate.prelabel import prompts
from annotate.prelabel.asking.questionnaire import Questionnaire
from annotate.prelabel.asking.questions import (
    LevelReading,
    QuestionSettings,
    asked_criterion,
    expected_score,
    places_of,
    scored_levels,
)
from annotate.prelabel.asking.score_scale import Scale
from annotate.prelabel.contracts import (
    CriterionTask,
    Finding,
    Opinion,
    Silence,
    Strategy,
    TraceTask,
)
from annotate.prelabel.entries import StrategyEntry
from annotate.settings import require


@dataclass(frozen=True, slots=True)
class RubricSettings(QuestionSettings):
    """``items`` are the keys of the criteria to ask; none means every other one with the scope of the run's criterion.

    ``exclude`` is left out of those: only rollouts can tell whether a step is recoverable. A criterion without items
    is asked itself.

    ``method``: the weighted mean of the items' expected scores, or a half for every failed item. When an item named in
    ``fatal`` fails, only the fatal ones are rolled up.
    """

    items: tuple[str, ...] = ()
    fatal: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ("recoverable",)
    method: Literal["weighted", "halving"] = "weighted"
    prompt: str = "level-question@v1"

    def __post_init__(self) -> None:
        QuestionSettings.__post_init__(self)
        require(len(set(self.items)) == len(self.items), "items", "must not name a criterion twice.")
        if self.items:
            require(set(self.fatal) <= set(self.items), "fatal", "must be among the items.")
        prompts.load(self.prompt)


def judge_rubric(task: TraceTask, settings: RubricSettings) -> Strategy:
    """Ask every item about every place in one batch, then roll up."""
    if not task.steps:
        return Finding(silences=(Silence(None, "the trace has no steps"),))
    root = asked_criterion(task)
    items = items_of(task, root, settings)
    form = Questionnaire(task, items, settings.prompt, settings)
    places, silences = places_of(task, root.scope)
    answers = (yield form.requests(places)) if places else []
    opinions: list[Opinion] = []
    for sheet in form.sheets(places, answers):
        opinions += form.opinions(sheet)
        silences += (silence,) if (silence := sheet.silence()) else ()
        # Without one of its parts a roll-up would call that part as good as the rest.
        if root not in items and not sheet.unread:
            opinions.append(_roll_up(sheet.position, root, items, sheet.read, settings))
    summary = {"items": [item.key for item in items], "places": len(places)}
    return Finding(tuple(opinions), silences, summary)


def rolled_up(
    items: Sequence[CriterionTask], readings: Mapping[str, LevelReading], fatal: Sequence[str], method: str
) -> tuple[float, list[str]]:
    """The share in [0, 1] that the items reach, and the keys of the failed ones."""
    failed = [item.key for item in items if not _is_best(item, readings[item.key])]
    if any(key in fatal for key in failed):
        items = [item for item in items if item.key in fatal]
    if method == "halving":
        return 0.5 ** sum(item.key in failed for item in items), failed
    total = math.fsum(item.weight for item in items)
    if total <= 0:
        raise Rejected("the weights of the items that count add up to 0.", field="items")
    reached = (item.weight * _reached(item, readings[item.key]) for item in items)
    return math.fsum(reached) / total, failed


def items_of(task: TraceTask, root: CriterionTask, settings: RubricSettings) -> tuple[CriterionTask, ...]:
    """The criteria to ask. Raises Rejected for a key that is none of the rubric's, or of another scope."""
    known = {criterion.key: criterion for criterion in task.criteria if criterion.scope == root.scope}
    for key in (*settings.items, *settings.fatal):
        if key not in known:
            reason = f"the rubric has no criterion {key!r} that is asked about a {root.scope}."
            raise Rejected(reason, field="items" if key in settings.items else "fatal")
    if settings.items:
        return tuple(known[key] for key in settings.items)
    parts = [item for key, item in known.items() if key not in (root.key, *settings.exclude)]
    return tuple(parts) or (root,)


def _roll_up(
    position: int | None,
    root: CriterionTask,
    items: Sequence[CriterionTask],
    read: Mapping[str, LevelReading],
    settings: RubricSettings,
) -> Opinion:
    share, failed = rolled_up(items, read, settings.fatal, settings.method)
    scale = Scale(scored_levels(root), 0, 1)
    evidence = {
        "share": round(share, 6),
        "failed": failed,
        "fatal": [key for key in failed if key in settings.fatal],
        "method": settings.method,
        "weights": {item.key: item.weight for item in items},
    }
    return Opinion(position, scale.nearest(share), scale.score_at(share), evidence=evidence)


def _reached(item: CriterionTask, reading: LevelReading) -> float:
    levels = scored_levels(item)
    scores = [level.score for level in levels if level.score is not None]
    expected = expected_score(levels, reading.choice.probabilities)
    return (expected - min(scores)) / (max(scores) - min(scores))


def _is_best(item: CriterionTask, reading: LevelReading) -> bool:
    scores = {level.key: level.score for level in scored_levels(item)}
    return scores[reading.value] == max(score for score in scores.values() if score is not None)


STRATEGY = StrategyEntry(
    "judge/rubric",
    "judge",
    "Judge criterion by criterion",
    RubricSettings,
    judge_rubric,
    summary="Asks every criterion of the rubric by itself and rolls the answers up by weight and fatal flaws.",
)
