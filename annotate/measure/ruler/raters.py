"""One measure for every rater, and one for every rater and question: from a fitted scale to rows to store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.utils.translation import gettext_noop

from annotate.measure.ruler.cells import FEWEST, Cell, cells_of, most_surprising, windows_of
from annotate.measure.ruler.fitting import RATER, Scale, levels_off
from annotate.measure.ruler.flags import Fit, Seen, flags_of
from annotate.measure.ruler.labels import IntArray
from annotate.measure.ruler.others import Others
from annotate.measure.ruler.targets import Targets
from annotate.models import Measure
from annotate.stats.accuracy import wilson_interval
from annotate.stats.codes import FloatArray
from annotate.stats.rasch.fit_statistics import FitOptions, standardized
from annotate.stats.rasch.structure import Structure

MOST_WINDOWS, LEAST_WINDOW = 8, 20
MOST_SURPRISING = 12
SURPRISING = 2.0
WIDEST_ERROR, FURTHEST = 5.0, 8.0
"""Logits. With a larger error, or further out, a measure stands nowhere: it runs off where two raters are too few to be
a population and one of them says one thing only."""
NO_OVERLAP = gettext_noop("Nobody else has labelled what this rater has.")
APART = gettext_noop(
    "Shares no step with the group of raters that most belong to, so it cannot be compared with them."
)
EXTREME = gettext_noop(
    "Too few raters, of whom one says the same all the time: nobody can say how severe that is."
)
FEW_HERE = gettext_noop("Too few labels on this question to tell.")


@dataclass(frozen=True, slots=True, eq=False)
class _Sums:
    """Fit of cells of ratings: (cells,) arrays."""

    n: IntArray
    infit: FloatArray
    infit_z: FloatArray
    outfit: FloatArray
    outfit_z: FloatArray

    @classmethod
    def of(cls, scale: Scale, place: IntArray, size: int) -> _Sums:
        found = scale.fit.squares
        n = np.bincount(place, minlength=size)

        def summed(amounts: FloatArray) -> FloatArray:
            return np.asarray(np.bincount(place, amounts, size))

        with np.errstate(divide="ignore", invalid="ignore"):
            spread = summed(found.variance)
            infit, outfit = summed(found.square) / spread, summed(found.standard) / n
            infit_q = np.sqrt(summed(found.fourth - np.square(found.variance))) / spread
            outfit_q = np.sqrt(summed(found.kurtosis - 1)) / n
            options = FitOptions()
            return cls(
                n,
                infit,
                standardized(infit, infit_q, options),
                outfit,
                standardized(outfit, outfit_q, options),
            )

    def at(self, i: int) -> dict[str, float | None]:
        return {name: number(getattr(self, name)[i]) for name in ("infit", "infit_z", "outfit", "outfit_z")}


def number(value: float) -> float | None:
    """None for what is undefined."""
    return float(value) if np.isfinite(value) else None


def measures_of(
    scale: Scale, targets: Targets, others: Others, seconds: Mapping[int, float]
) -> list[Measure]:
    """Unsaved rows, a rater's own before those by question. ``seconds`` per step by rater, where known."""
    return list(_Desk(scale, targets, others, seconds).rows())


class _Desk:
    """Everything that is worked out for all raters at once."""

    def __init__(self, scale: Scale, targets: Targets, others: Others, seconds: Mapping[int, float]) -> None:
        self.scale, self.others, self.seconds = scale, others, seconds
        self.facet = scale.fit.facet(RATER)
        self.rater, self.n_raters = scale.rater_codes, len(scale.rater_keys)
        self.n_questions = len(scale.criterion_keys)
        self.titles = {one.criterion.pk: one.criterion.title for one in scale.labels.questions}
        self.by = levels_off(scale)
        self.cell = self.rater * self.n_questions + scale.criterion_codes
        self.sums = _Sums.of(scale, self.cell, self.n_raters * self.n_questions)
        self.shared = np.bincount(self.rater, others.n_others > 0, self.n_raters)
        self.is_apart = _apart(scale.fit.structure)
        self.windows = self._cells(self._windows())
        self.bias = {
            groups.name: (groups, self._cells(groups.code[scale.item_codes])) for groups in targets.groups()
        }
        self.surprises = self._surprises()
        self.shift_by_question = np.bincount(self.cell, scale.residual, len(self.sums.n))
        self.spread_by_question = np.bincount(self.cell, scale.variance, len(self.sums.n))
        self.uniform, self.usual_uniform = self._uniform()
        self.seen_consensus = self._agreement(others.consensus)
        self.seen_gold = self._agreement(others.gold)

    def rows(self) -> Iterator[Measure]:
        for j in range(self.n_raters):
            yield self._whole(j)
            yield from (self._by_question(j, c) for c in range(self.n_questions) if self._n(j, c))

    def _n(self, j: int, c: int) -> int:
        return int(self.sums.n[j * self.n_questions + c])

    def _whole(self, j: int) -> Measure:
        facet, n = self.facet, int(self.facet.n[j])
        reason = self._reason(j)
        severity, se = (None, None) if reason else (number(facet.measure[j]), number(facet.se[j]))
        infit, infit_z = number(facet.infit[j]), number(facet.infit_z[j])
        questions = [
            (self.titles[key], Fit(self.sums.at(i)["infit"], self.sums.at(i)["infit_z"]))
            for c, key in enumerate(self.scale.criterion_keys)
            if self.sums.n[i := j * self.n_questions + c] >= 2 * FEWEST
        ]
        seen = Seen(
            n=n,
            n_shared=int(self.shared[j]),
            severity=severity,
            se=se,
            by=float(self.by[j]),
            fit=Fit(infit, infit_z),
            uniform=float(self.uniform[j]),
            expected_uniform=float(self.usual_uniform[j]),
            questions=questions,
            windows=self.windows[j],
        )
        key = self.scale.rater_keys[j]
        return Measure(
            rater_id=key,
            severity=severity,
            se=se,
            infit=infit,
            infit_z=infit_z,
            outfit=number(facet.outfit[j]),
            outfit_z=number(facet.outfit_z[j]),
            n=n,
            reason=reason,
            detail={
                "by": round(float(self.by[j]), 4),
                "band": _band(float(facet.infit_df[j])),
                "n_shared": int(self.shared[j]),
                "agreement": self.seen_consensus[j],
                "gold": self.seen_gold[j],
                "seconds": self.seconds.get(key),
                "flags": flags_of(seen),
                "drift": self._drift(j, severity),
                "bias": {
                    name: [cell.as_json(groups.titles[cell.group]) for cell in cells[j]]
                    for name, (groups, cells) in self.bias.items()
                },
                "surprises": self.surprises[j],
            },
        )

    def _by_question(self, j: int, c: int) -> Measure:
        i = j * self.n_questions + c
        n, spread = int(self.sums.n[i]), float(self.spread_by_question[i])
        whole, error = self.facet.measure[j], self.facet.se[j]
        reason = self._reason(j) or ("" if n >= FEWEST and spread > 0 else str(FEW_HERE))
        key = self.scale.criterion_keys[c]
        # One Newton step from the rater's own severity, with the residuals of this question alone.
        severity = None if reason else float(whole - self.shift_by_question[i] / spread)
        return Measure(
            rater_id=self.scale.rater_keys[j],
            criterion_id=key,
            severity=severity,
            se=None if reason else float(np.sqrt(1 / spread + np.square(error))),
            n=n,
            reason=reason,
            detail={
                "shift": round(float(self.shift_by_question[i]) / n, 4),
                "shift_se": round(float(np.sqrt(spread)) / n, 4),
                "confusion": self._confusion(j, key, self.others.consensus),
                "gold": self._confusion(j, key, self.others.gold),
            },
            **self.sums.at(i),
        )

    def _reason(self, j: int) -> str:
        if not self.shared[j]:
            return str(NO_OVERLAP)
        if self.is_apart[j]:
            return str(APART)
        if not np.isfinite(self.facet.measure[j]):
            return str(NO_OVERLAP)
        is_nowhere = self.facet.se[j] > WIDEST_ERROR or abs(self.facet.measure[j]) > FURTHEST
        return str(EXTREME) if is_nowhere else ""

    def _cells(self, group: IntArray) -> list[list[Cell]]:
        scale = self.scale
        return cells_of(self.rater, group, scale.residual, scale.variance, n_raters=self.n_raters)

    def _windows(self) -> IntArray:
        return windows_of(
            self.scale.columns.label,
            self.rater,
            n_raters=self.n_raters,
            most=MOST_WINDOWS,
            fewest=LEAST_WINDOW,
        )

    def _drift(self, j: int, severity: float | None) -> list[dict[str, Any]]:
        if severity is None or len(self.windows[j]) < 2:
            return []
        return [cell.as_json(str(cell.group + 1)) for cell in self.windows[j]]

    def _surprises(self) -> list[list[dict[str, Any]]]:
        scale = self.scale
        z = scale.residual / np.sqrt(np.maximum(scale.variance, 1e-9))
        z = np.where(self.others.n_others > 0, z, 0.0)
        return [
            [self._surprise(row, float(z[row])) for row in rows.tolist() if abs(z[row]) >= SURPRISING]
            for rows in most_surprising(z, self.rater, n_raters=self.n_raters, most=MOST_SURPRISING)
        ]

    def _surprise(self, row: int, z: float) -> dict[str, Any]:
        columns = self.scale.columns
        level = int(columns.level[row])
        return {
            "target": int(columns.target[row]),
            "criterion": int(columns.criterion[row]),
            "level": level,
            "expected": round(level - float(self.scale.residual[row]), 2),
            "others": int(self.others.consensus[row]),
            "z": round(z, 2),
        }

    def _uniform(self) -> tuple[FloatArray, FloatArray]:
        """By rater the share of its favourite level, and of everybody's favourite level on the same questions."""
        k = self.scale.n_levels
        level, c = self.scale.columns.level, self.scale.criterion_codes
        own = np.bincount(self.cell * k + level, minlength=len(self.sums.n) * k).reshape(-1, k).max(axis=1)
        n = np.maximum(np.bincount(self.rater, minlength=self.n_raters), 1)
        everybody = np.bincount(c * k + level, minlength=self.n_questions * k).reshape(-1, k)
        usual = everybody.max(axis=1) / np.maximum(everybody.sum(axis=1), 1)
        share = own.reshape(self.n_raters, -1).sum(axis=1) / n
        return share, np.bincount(self.rater, usual[c], self.n_raters) / n

    def _agreement(self, said: IntArray) -> list[dict[str, Any] | None]:
        known = said >= 0
        n = np.bincount(self.rater[known], minlength=self.n_raters)
        is_same = said[known] == self.scale.columns.level[known]
        k = np.bincount(self.rater[known], is_same, self.n_raters).astype(np.int64)
        return [_rate(int(hits), int(of)) for hits, of in zip(k, n, strict=True)]

    def _confusion(self, j: int, criterion: int, said: IntArray) -> list[list[int]]:
        """[given][known] counts of the question's levels; empty where nothing is known."""
        return self._tables(said).get((j, criterion), [])

    def _tables(self, said: IntArray) -> dict[tuple[int, int], list[list[int]]]:
        name = "_gold_tables" if said is self.others.gold else "_consensus_tables"
        if name not in self.__dict__:
            self.__dict__[name] = self._all_tables(said)
        found: dict[tuple[int, int], list[list[int]]] = self.__dict__[name]
        return found

    def _all_tables(self, said: IntArray) -> dict[tuple[int, int], list[list[int]]]:
        k, known = self.scale.n_levels, said >= 0
        place = (self.cell[known] * k + self.scale.columns.level[known]) * k + said[known]
        counts = np.bincount(place, minlength=len(self.sums.n) * k * k).reshape(-1, k, k)
        sizes = {one.criterion.pk: len(one.levels) for one in self.scale.labels.questions}
        found = {}
        for i in np.flatnonzero(counts.any(axis=(1, 2))).tolist():
            j, c = divmod(i, self.n_questions)
            key = self.scale.criterion_keys[c]
            size = sizes[key]
            found[j, key] = counts[i, :size, :size].tolist()
        return found


def _rate(hits: int, of: int) -> dict[str, Any] | None:
    if of < 1:
        return None
    low, high = wilson_interval(hits, of)
    return {"n": of, "value": round(hits / of, 4), "low": round(low, 4), "high": round(high, 4)}


def _band(df: float) -> list[float] | None:
    """The mean squares between which 95 of 100 raters lie whose labels are as the model says."""
    if not np.isfinite(df) or df <= 0:
        return None
    q = min(float(np.sqrt(2 / df)), float(np.sqrt(2.0)))
    low, high = (max(0.0, 1 + (z - q / 3) * q / 3) ** 3 for z in (-1.96, 1.96))
    return [round(low, 3), round(high, 3)]


def _apart(structure: Structure) -> FloatArray:
    """(raters,) whether a rater hangs together with fewer raters than others do."""
    link = next(one for one in structure.links if one.facets == ("item", RATER))
    subset = link.second
    counts = np.bincount(subset[subset >= 0], minlength=link.n_subsets)
    return np.asarray((subset < 0) | (subset != counts.argmax()))


def seconds_by_rater(rows: Sequence[tuple[int, float]]) -> dict[int, float]:
    """Medians of (rater, seconds per step)."""
    if not rows:
        return {}
    keys = np.array([rater for rater, _ in rows], dtype=np.int64)
    amounts = np.array([seconds for _, seconds in rows], dtype=np.float64)
    return {int(key): round(float(np.median(amounts[keys == key])), 2) for key in np.unique(keys)}
