"""What people said, with what a reviewer decided in its place (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from annotate.enums import CHOOSING_KINDS, RaterKind
from annotate.export.contracts import SaidRow

# Question, step and text.
_Spot = tuple[int, int | None, int | None]


def decided_in(said: Sequence[SaidRow]) -> dict[_Spot, SaidRow]:
    """The decisions that stand, by what they are about."""
    return {_spot(one): one for one in said if one.rater.kind == RaterKind.REVIEW and one.value}


def settled(said: Sequence[SaidRow]) -> list[SaidRow]:
    """People's answers in their order. A decision stands in place of each there is, and alone where nobody answered."""
    decided = decided_in(said)
    found, heard = [], set()
    for one in said:
        if one.rater.kind == RaterKind.PERSON:
            ruling = decided.get(_spot(one)) if one.criterion.kind in CHOOSING_KINDS else None
            heard.add(_spot(one))
            found.append(one if ruling is None else replace(one, value=ruling.value))
    found += [one for spot, one in decided.items() if spot not in heard]
    return found


def _spot(one: SaidRow) -> _Spot:
    return one.criterion.pk, one.position, one.candidate
