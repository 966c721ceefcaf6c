"""How far a judge's probabilities can be taken at their word, and the curve that mends them.

Fitted per judge and question on steps whose answer is known. What is forecast is the highest level of the question
(*good* of a verdict). Whether the curve helps is measured on traces it was not fitted on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from annotate.enums import CriterionKind
from annotate.measure.queries import CALIBRATION, CriterionLabels, Forecasts
from annotate.models import Estimate, Rater
from annotate.stats.calibration import (
    Curve,
    IsotonicCurve,
    PlattCurve,
    brier_score,
    calibration_error,
    fit_isotonic,
    fit_platt,
    folds_of,
    reliability,
    score_interval,
)
from annotate.stats.codes import FloatArray

# Below this the curve would say more about the sample than about the judge.
LEAST_STEPS = 50
LEAST_TRACES = 10
LEAST_OF_EACH = 5
# Two parameters do for few steps; a free curve overfits below about a thousand (Niculescu-Mizil and Caruana 2005,
# doi:10.1145/1102351.1102430).
ISOTONIC_FROM = 1000
FOLDS = 5
_DIGITS = 6


@dataclass(frozen=True, slots=True)
class _Known:
    """Forecasts of the level with what turned out, row by row."""

    forecast: FloatArray
    outcome: FloatArray
    trace: tuple[int, ...]

    @property
    def shortage(self) -> str:
        """Why no curve can be fitted; empty where one can."""
        n, n_traces, n_yes = len(self.forecast), len(set(self.trace)), int(self.outcome.sum())
        if n < LEAST_STEPS or n_traces < LEAST_TRACES:
            return (
                f"{n} steps of {n_traces} traces have both a probability and a known answer; a curve takes"
                f" {LEAST_STEPS} of {LEAST_TRACES}"
            )
        if min(n_yes, n - n_yes) < LEAST_OF_EACH:
            return f"the known answers are almost all the same; a curve takes {LEAST_OF_EACH} of each kind"
        return ""


def calibration_estimates(
    labels: CriterionLabels, forecasts: Forecasts, raters: Mapping[int, Rater], *, seed: int, resamples: int
) -> Iterator[Estimate]:
    """The error that is left after calibrating, for every judge that gives probabilities where gold is known."""
    gold, _ = labels.gold()
    if not gold or labels.criterion.kind == CriterionKind.CHOICE or len(labels.levels) < 2:
        return
    level = labels.levels[-1]
    for rater, rows in forecasts.items():
        known = [
            (held[level], gold[item] == level, trace)
            for item, trace, held in rows
            if item in gold and level in held
        ]
        columns = _Known(
            np.array([min(1.0, max(0.0, float(row[0]))) for row in known]),
            np.array([float(row[1]) for row in known]),
            tuple(row[2] for row in known),
        )
        yield _estimate(labels, raters[rater], level, columns, seed, resamples)


def calibrated(distribution: Mapping[str, float], detail: Mapping[str, Any]) -> dict[str, float]:
    """The distribution with its forecast level moved onto the curve of a calibration estimate's ``detail``.

    The other levels share what is left as they did before, or evenly where they had nothing. Without a curve, or
    without that level, it is returned as it is. No answer is taken for certain: the curve's ends are held
    1 / (n + 2) away from 0 and 1.
    """
    curve, level = curve_of(detail), detail.get("level", "")
    if curve is None or level not in distribution:
        return dict(distribution)
    edge = 1 / (detail["n"] + 2)
    was = distribution[level]
    now = min(1 - edge, max(edge, float(curve(np.array([was]))[0])))
    others = {key: share for key, share in distribution.items() if key != level}
    left = sum(others.values())
    return {level: now} | {
        key: (1 - now) * (share / left if left > 0 else 1 / len(others)) for key, share in others.items()
    }


def curve_of(detail: Mapping[str, Any]) -> Curve | None:
    """The stored curve; None where none could be fitted."""
    if detail.get("method") == "platt":
        return PlattCurve(detail["slope"], detail["intercept"])
    if detail.get("method") == "isotonic":
        x, y = np.array(detail["points"], dtype=np.float64).T
        return IsotonicCurve(x, y)
    return None


def _estimate(
    labels: CriterionLabels, rater: Rater, level: str, known: _Known, seed: int, resamples: int
) -> Estimate:
    n = len(known.forecast)
    estimate = Estimate(
        criterion=labels.criterion, rater=rater, name=CALIBRATION, n=n, detail={"level": level, "n": n}
    )
    if known.shortage:
        estimate.reason = known.shortage
        return estimate
    fit = fit_isotonic if n >= ISOTONIC_FROM else fit_platt
    mended = _out_of_fold(known, fit)
    before, after = (_scores(known, forecast, seed, resamples) for forecast in (known.forecast, mended))
    estimate.value, (estimate.low, estimate.high) = after["ece"], after["ece_interval"]
    estimate.detail |= _stored(fit(known.forecast, known.outcome)) | {
        "interval": "bootstrap over traces, 95 %",
        "n_traces": len(set(known.trace)),
        "folds": FOLDS,
        "before": before,
        "after": after,
    }
    return estimate


def _out_of_fold(known: _Known, fit: Any) -> FloatArray:
    """Each row through the curve that was fitted without its trace."""
    fold = folds_of(known.trace, FOLDS)
    mended = np.empty_like(known.forecast)
    for number in range(FOLDS):
        here = fold == number
        mended[here] = fit(known.forecast[~here], known.outcome[~here])(known.forecast[here])
    return mended


def _scores(known: _Known, forecast: FloatArray, seed: int, resamples: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, score in (("ece", calibration_error), ("brier", brier_score)):
        found[name] = score(forecast, known.outcome)
        limits: tuple[float | None, float | None] = (None, None)
        if resamples:
            drawn = score_interval(
                score, forecast, known.outcome, known.trace, seed=seed, resamples=resamples
            )
            # The calibration error is biased upwards, and drawing again adds the same bias once more.
            limits = (None if drawn.low is None else min(drawn.low, found[name]), drawn.high)
        found[f"{name}_interval"] = list(limits)
    found["bins"] = [asdict(one) for one in reliability(forecast, known.outcome)]
    return found


def _stored(curve: Curve) -> dict[str, Any]:
    if isinstance(curve, PlattCurve):
        grid = np.linspace(0, 1, 11)
        points = np.column_stack([grid, curve(grid)]).round(_DIGITS).tolist()
        return {"method": "platt", "slope": curve.slope, "intercept": curve.intercept, "points": points}
    assert isinstance(curve, IsotonicCurve)
    return {"method": "isotonic", "points": np.column_stack([curve.x, curve.y]).round(_DIGITS).tolist()}
