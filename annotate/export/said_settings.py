"""What every format of labels about traces can be told, and what its source looks like once that is applied."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from annotate.errors import Rejected
from annotate.export.contracts import LabelledRow, LabelSource, SplitSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidSettings(SplitSettings):
    """``upto`` is the newest label that is read, 0 all there are now: with it the same can be made again later."""

    upto: int = 0

    def __post_init__(self) -> None:
        SplitSettings.__post_init__(self)
        if self.upto < 0:
            raise Rejected("must be a label's number, or 0.", field="upto")


def level_scores(source: LabelSource) -> dict[int, Mapping[str, float | None]]:
    """Each criterion's levels with their places on the number line."""
    return {one.pk: {level.key: level.score for level in one.levels.all()} for one in source.criteria}


def placed(rows: Iterator[LabelledRow], splits: Mapping[str, str]) -> Iterator[LabelledRow]:
    for row in rows:
        split = splits.get(row.trace.problem)
        yield replace(row, trace=replace(row.trace, split=split)) if split else row
