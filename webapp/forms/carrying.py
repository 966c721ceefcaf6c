"""Which question and level of a new version each old one becomes: one select for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import QueryDict

from annotate.ingest.presets import CriterionPreset
from annotate.label.carrying import Carriage, CarriedQuestion
from annotate.label.mapping import Move, Moves, fits, move_to


@dataclass(frozen=True, slots=True)
class LevelMove:
    name: str
    title: str
    n: int
    to: str | None


@dataclass(frozen=True, slots=True)
class QuestionMove:
    """One old question with the new ones that could take its answers, and the levels of the one that does."""

    name: str
    title: str
    carried: CarriedQuestion
    to: str | None
    choices: Sequence[tuple[str, str]]
    levels: Sequence[LevelMove]
    level_choices: Sequence[tuple[str, str]]


def posted_moves(
    data: QueryDict, usual: Moves, old: Sequence[CriterionPreset], new: Sequence[CriterionPreset]
) -> dict[str, Move]:
    """The moves that the form says. Where the question goes elsewhere than before, levels go by their keys."""
    by_key = {one.key: one for one in new}
    moves: dict[str, Move] = {}
    for index, one in enumerate(old):
        if one.key not in usual:
            continue
        to = data.get(f"q{index}", usual[one.key].to or "") or None
        was = data.get(f"q{index}-was", "") or None
        fresh = usual[one.key] if to == usual[one.key].to else move_to(one, by_key.get(to or ""))
        levels = dict(fresh.levels)
        if to is not None and to == was:
            for place, level in enumerate(one.levels):
                if (chosen := data.get(f"q{index}-l{place}")) is not None:
                    levels[level.key] = chosen or None
        moves[one.key] = Move(to, levels)
    return moves


def question_moves(
    moves: Moves, carriage: Carriage, old: Sequence[CriterionPreset], new: Sequence[CriterionPreset]
) -> list[QuestionMove]:
    """The rows of the form: questions that labels rest on."""
    by_key = {one.key: one for one in new}
    carried = {question.key: question for question in carriage.questions}
    rows = []
    for index, one in enumerate(old):
        if one.key not in carried or one.key not in moves:
            continue
        move = moves[one.key]
        target = by_key.get(move.to or "")
        counts: dict[str, int] = {}
        for answer in carried[one.key].answers:
            for tag in {part.partition(":")[0] for part in answer.value.split()}:
                counts[tag] = counts.get(tag, 0) + answer.n
        rows.append(
            QuestionMove(
                name=f"q{index}",
                title=one.title,
                carried=carried[one.key],
                to=move.to,
                choices=[(other.key, other.title) for other in new if fits(one, other)],
                levels=[
                    LevelMove(
                        f"q{index}-l{place}",
                        level.title,
                        counts.get(level.key, 0),
                        move.levels.get(level.key),
                    )
                    for place, level in enumerate(one.levels)
                ]
                if target
                else [],
                level_choices=[(level.key, level.title) for level in target.levels] if target else [],
            )
        )
    return rows
