"""How much risk is kept: as gold allows that was held out from the fit, or as the settings say (pure)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from random import Random
from typing import Any, Literal

from annotate.stats.codes import BoolArray, FloatArray, IntArray
from annotate.stats.locate.risk import ASSUMPTION, Threshold, certified_threshold, conformal_threshold

Method = Literal["conformal", "certified", "none"]
_RULES: dict[str, Callable[..., Threshold]] = {
    "conformal": conformal_threshold,
    "certified": certified_threshold,
}


@dataclass(frozen=True, slots=True)
class Guarantee:
    """Steps of a risk up to ``keep_below`` are kept. ``reason`` says why there is no guarantee, where there is none.

    ``n_traces`` gold traces were held out; at the threshold ``error`` of their kept steps were wrong, and ``kept`` of
    all their steps were kept.
    """

    method: Method
    keep_below: float
    target: float
    n_traces: int = 0
    error: float | None = None
    kept: float | None = None
    assumption: str = ""
    reason: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def is_held_out(seed: int, trace: int) -> bool:
    """A coin of the trace's own: the same traces are held out of every fit with this seed."""
    return Random(f"held-out-{seed}-{trace}").random() < 0.5


def fewest_gold(method: Method, target: float) -> int:
    """Gold traces below which holding half of them out could show nothing, so that the fit gets them all."""
    if method == "none":
        return 0
    # Conformal: 1 / (n + 1) of a flawless set is already counted as wrong. Bets need log(1 / doubt) of such gains.
    least = 1 / target if method == "conformal" else 2.5 / target
    return 2 * int(least + 1)


def without(method: Method, keep_below: float, target: float, reason: str) -> Guarantee:
    return Guarantee(method, keep_below, target, reason=reason)


def guarantee_of(
    method: Method, keep_below: float, target: float, risk: FloatArray, is_wrong: BoolArray, trace: IntArray
) -> Guarantee:
    """From the steps of held-out traces, numbered without gaps; a step that is never kept has a risk above 1."""
    found = _RULES[method](risk, is_wrong, trace, error=target)
    if found.risk is None:
        return Guarantee(method, keep_below, target, found.n_traces, reason=found.reason or "")
    return Guarantee(
        method, found.risk, target, found.n_traces, found.error, found.kept, assumption=ASSUMPTION
    )
