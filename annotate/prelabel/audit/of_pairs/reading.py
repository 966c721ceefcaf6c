"""What a judge said of a pair, brought to a side, so that judges with different levels answer the same questions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from annotate.prelabel.contracts import CriterionTask, Finding

Side = Literal["left", "right"]
Better = Literal["left", "right", "tie"]

SIDES: tuple[Side, Side] = ("left", "right")
OTHER: Mapping[Side, Side] = {"left": "right", "right": "left"}
# A verdict as it reads once the two have changed places.
MIRRORED: Mapping[Better, Better] = {"left": "right", "right": "left", "tie": "tie"}
_WORDS: Mapping[Better, str] = {"left": "the left", "right": "the right", "tie": "neither"}


@dataclass(frozen=True, slots=True)
class PairReading:
    """``better`` None is open, and ``why`` says why.

    ``orders_agree``: whether a judge that asks in both orders preferred the same each time; None where it does not say.
    """

    better: Better | None = None
    why: str = "no verdict"
    orders_agree: bool | None = None


def scale_of(settings: Mapping[str, Any], criterion: CriterionTask | None) -> Mapping[str, Better]:
    """Which level keys stand for which side: the judge's settings of these names, else the names themselves."""
    known = {level.key for level in criterion.levels} if criterion else None
    keys: dict[Better, str] = {better: str(settings.get(better, better)) for better in _WORDS}
    return {key: better for better, key in keys.items() if known is None or key in known}


def read(finding: Finding, scale: Mapping[str, Better]) -> PairReading:
    """The opinion on the audited criterion; what stands for no side is open, with its level as the reason."""
    for opinion in finding.opinions:
        if opinion.criterion or opinion.position is not None:
            continue
        better = scale.get(opinion.value)
        why = "" if better else f"the judge said {opinion.value}"
        return PairReading(better, why, _orders_agree(opinion.evidence))
    for silence in finding.silences:
        return PairReading(None, silence.reason or "no verdict", _orders_agree(silence.evidence))
    return PairReading()


def spoken(better: Better) -> str:
    return _WORDS[better]


def _orders_agree(evidence: Mapping[str, Any]) -> bool | None:
    said = evidence.get("is_consistent")
    return said if isinstance(said, bool) else None
