"""A rubric's scores as rewards: prompt, completion, the mean score by each question, and the rubric's own sum.

Questions are those with levels on a number line, about the whole trace or about its steps. A group's score is the
rubric's own sum for each person (:mod:`annotate.label.rollup`), averaged over people; ``reward`` is the mean of the
outermost groups by weight, and where a rubric has no groups that of its questions about the trace. What nobody
answered, and what is off the line (unsure), is null: neither 0 nor average.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy

from annotate.enums import CHOOSING_KINDS, RaterKind, Scope
from annotate.errors import Rejected
from annotate.export.contracts import Format, LabelledRow, LabelSource, Written, setting
from annotate.export.said import newest_of
from annotate.export.said_settings import SaidSettings, level_scores
from annotate.export.shards import json_shards
from annotate.label.queries import rollup_items
from annotate.label.rollup import Item, roll_up
from annotate.models import Criterion, Project


@dataclass(frozen=True, slots=True, kw_only=True)
class RubricSettings(SaidSettings):
    min_raters: int = setting(1, gettext_lazy("A score needs the answers of so many people."))

    def __post_init__(self) -> None:
        SaidSettings.__post_init__(self)
        if self.min_raters < 1:
            raise Rejected("must be at least 1.", field="min_raters")


def check(project: Project, settings: RubricSettings) -> None:
    newest_of(project)
    if not _scored(Criterion.objects.filter(rubric=project.rubric_id).prefetch_related("levels")):
        raise Rejected("the rubric has no question with levels on a number line.", field="format")


def _scored(criteria: Any) -> list[Criterion]:
    """Questions about steps or traces whose levels have scores."""
    return [
        one
        for one in criteria
        if one.scope in (Scope.STEP, Scope.TRACE)
        and one.kind in CHOOSING_KINDS
        and any(level.score is not None for level in one.levels.all())
    ]


def write(source: LabelSource, folder: Path, settings: RubricSettings) -> Written:
    criteria = _scored(source.criteria)
    levels = level_scores(source)
    items = rollup_items([one for one in source.criteria if one.scope == Scope.TRACE])
    keys = {one.pk: one.key for one in source.criteria}
    counts: Counter[str] = Counter()
    with json_shards(folder) as shards:
        for row in source.rows():
            found = _row(row, criteria, levels, items, keys, settings)
            known = [
                *found["rewards"].values(),
                *(s for told in found["step_rewards"].values() for s in told),
            ]
            if all(score is None for score in known):
                counts["without_a_score"] += 1
                continue
            counts["without_a_sum"] += found["reward"] is None
            shards.write(found, row.trace.split)
    return Written(
        splits=shards.splits,
        rows=shards.rows,
        counts={
            "traces_written": shards.rows,
            "traces_without_a_score": counts["without_a_score"],
            "traces_written_without_a_sum": counts["without_a_sum"],
        },
    )


def _row(
    row: LabelledRow,
    criteria: Sequence[Criterion],
    levels: Mapping[int, Mapping[str, float | None]],
    items: Sequence[Item],
    keys: Mapping[int, str],
    settings: RubricSettings,
) -> dict[str, Any]:
    said: dict[tuple[int, int | None], list[float]] = defaultdict(list)
    answers: dict[str, dict[int, str]] = defaultdict(dict)
    for one in row.said:
        if one.rater.kind != RaterKind.PERSON:
            continue
        score = levels[one.criterion.pk].get(one.value)
        if score is not None and one.candidate is None:
            said[one.criterion.pk, one.position].append(score)
        if one.position is None and one.candidate is None:
            answers[one.rater.name][one.criterion.pk] = one.value
    places = range(len(row.trace.steps))
    rewards = {c.key: _mean(said[c.pk, None], settings) for c in criteria if c.scope == Scope.TRACE}
    groups = _groups(items, answers, settings)
    by_key = {keys[pk]: score for pk, score in groups}
    return {
        "prompt": row.trace.problem_text,
        "completion": "".join(step.text for step in row.trace.steps),
        "reward": _sum(criteria, rewards, groups, items),
        "rewards": rewards,
        "groups": by_key,
        "step_rewards": {
            c.key: [_mean(said[c.pk, place], settings) for place in places]
            for c in criteria
            if c.scope == Scope.STEP
        },
        "steps": [step.body for step in row.trace.steps],
        "raters": len({one.rater for one in row.said if one.rater.kind == RaterKind.PERSON}),
        "trace": row.trace.trace,
    }


def _mean(scores: Sequence[float], settings: RubricSettings) -> float | None:
    return sum(scores) / len(scores) if len(scores) >= settings.min_raters else None


def _groups(
    items: Sequence[Item], answers: Mapping[str, Mapping[int, str]], settings: RubricSettings
) -> list[tuple[int, float | None]]:
    """Every group with the mean of what it comes to for each person who answered something in it."""
    scores: dict[int, list[float]] = defaultdict(list)
    for told in answers.values():
        for total in roll_up(items, told):
            if total.score is not None:
                scores[total.id].append(total.score)
    return [(item.id, _mean(scores[item.id], settings)) for item in items if item.is_group]


def _sum(
    criteria: Sequence[Criterion],
    rewards: Mapping[str, float | None],
    groups: Sequence[tuple[int, float | None]],
    items: Sequence[Item],
) -> float | None:
    outermost = {item.id: item.weight for item in items if item.is_group and item.parent is None}
    weighed = [(outermost[pk], score) for pk, score in groups if pk in outermost]
    if not outermost:
        weighed = [(c.weight, rewards[c.key]) for c in criteria if c.key in rewards]
    known = [(weight, score) for weight, score in weighed if score is not None]
    total = sum(weight for weight, _score in known)
    return sum(weight * score for weight, score in known) / total if total > 0 else None


def limits(settings: RubricSettings) -> tuple[str, ...]:
    return (
        "Scores are means over the people who answered; machines, gold keys and reviewers are not in them.",
        "A score of null is unknown: too few answered, or with unsure.",
        "Questions without an answer are left out of a group's sum, so that sums of different traces may rest on"
        " different questions.",
    )


RUBRIC_REWARDS = Format(
    name="rubric_rewards",
    version=1,
    title="A rubric's scores as rewards (JSON lines)",
    settings=RubricSettings,
    check=check,
    write=write,
    task="text-classification",
    limits=limits,
    reads="labels",
)
