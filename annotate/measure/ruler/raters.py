"""One measure for every rater, and one for every rater and question: from a fitted scale to rows to store."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from django.utils.translation import gettext_noop

from annotate.measure.ruler.answers import confusions_of, rates_of
from annotate.measure.ruler.cell_fit import CellFit, number
from annotate.measure.ruler.cells import most_surprising, windows_of
from annotate.measure.ruler.fitting import CRITERION, RATER, Scale
from annotate.measure.ruler.flags import flags_of
from annotate.measure.ruler.others import Others
from annotate.measure.ruler.shifts import Shift, shifts_of
from annotate.measure.ruler.targets import Groups, Targets
from annotate.models import Measure
from annotate.stats.codes import BoolArray, Codes
from annotate.stats.rasch.bias import find_bias
from annotate.stats.rasch.drift import find_drift
from annotate.stats.rasch.fair import fair_averages
from annotate.stats.rasch.structure import Structure
from annotate.stats.rasch.verdicts import verdicts

MOST_WINDOWS, LEAST_WINDOW = 8, 20
FEWEST = 10
"""Ratings that a cell needs to be said anything about."""
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
        self.cell = self.rater * self.n_questions + scale.criterion_codes
        self.sums = CellFit.of(scale, self.cell, self.n_raters * self.n_questions)
        self.shared = np.bincount(self.rater, others.n_others > 0, self.n_raters)
        self.is_apart = _apart(scale.fit.structure)
        n = np.maximum(np.bincount(self.rater, minlength=self.n_raters), 1)
        self.levels_a_logit = np.bincount(self.rater, scale.variance, self.n_raters) / n
        self.fair = fair_averages(scale.fit, RATER).category
        self.drift = find_drift(scale.fit, self._windows())
        self.flags = self._flags()
        self.shifts = shifts_of(find_bias(scale.fit, RATER, CRITERION)) if self.n_questions > 1 else {}
        self.bias = {groups.name: (groups, self._bias(groups)) for groups in targets.groups()}
        self.surprises = self._surprises()
        self.seen_consensus, self.seen_gold = (
            rates_of(scale, known) for known in (others.consensus, others.gold)
        )
        self.consensus_tables, self.gold_tables = (
            confusions_of(scale, known) for known in (others.consensus, others.gold)
        )

    def rows(self) -> Iterator[Measure]:
        for j in range(self.n_raters):
            yield self._whole(j)
            yield from (self._by_question(j, c) for c in range(self.n_questions) if self._n(j, c))

    def _n(self, j: int, c: int) -> int:
        return int(self.sums.n[j * self.n_questions + c])

    def _whole(self, j: int) -> Measure:
        facet = self.facet
        reason = self._reason(j)
        severity, se = (None, None) if reason else (number(facet.measure[j]), number(facet.se[j]))
        key = self.scale.rater_keys[j]
        return Measure(
            rater_id=key,
            severity=severity,
            se=se,
            infit=number(facet.infit[j]),
            infit_z=number(facet.infit_z[j]),
            outfit=number(facet.outfit[j]),
            outfit_z=number(facet.outfit_z[j]),
            n=int(facet.n[j]),
            reason=reason,
            detail={
                "by": self._from_others(j),
                "fair": number(round(self.fair[j], 4)),
                "band": _band(float(facet.infit_df[j])),
                "n_shared": int(self.shared[j]),
                "agreement": self.seen_consensus[j],
                "gold": self.seen_gold[j],
                "seconds": self.seconds.get(key),
                "flags": self.flags[j],
                "drift": [] if reason else self._drift_of(j),
            },
            closer={
                "bias": {
                    name: [self._cell(j, g, shift, groups.titles[g]) for g, shift in sorted(cells[j].items())]
                    for name, (groups, cells) in self.bias.items()
                },
                "surprises": self.surprises[j],
            },
        )

    def _from_others(self, j: int) -> float | None:
        """Levels by which the fair average lies above the mean of the others'."""
        known = np.isfinite(self.fair)
        if not known[j] or known.sum() < 2:
            return None
        others = (self.fair[known].sum() - self.fair[j]) / (known.sum() - 1)
        return round(float(self.fair[j] - others), 4)

    def _by_question(self, j: int, c: int) -> Measure:
        i = j * self.n_questions + c
        n, key = int(self.sums.n[i]), self.scale.criterion_keys[c]
        shift = self.shifts.get(j, {}).get(c) if self.n_questions > 1 else Shift(n, 0.0, 0.0)
        reason = self._reason(j) or ("" if n >= FEWEST and shift is not None else str(FEW_HERE))
        severity = error = None
        if not reason and shift is not None:
            # A cell whose ratings lie higher than expected is one where the rater is milder.
            severity = float(self.facet.measure[j] - shift.effect)
            error = float(np.hypot(self.facet.se[j], shift.se))
        return Measure(
            rater_id=self.scale.rater_keys[j],
            criterion_id=key,
            severity=severity,
            se=error,
            n=n,
            reason=reason,
            detail={
                "confusion": self.consensus_tables.get((j, key), []),
                "gold": self.gold_tables.get((j, key), []),
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

    def _flags(self) -> list[list[dict[str, Any]]]:
        questions = self.scale.labels.questions
        titles: dict[Hashable, str] = {one.criterion.pk: one.criterion.title for one in questions}
        # A level's number has one title only where there is one question.
        levels = [level.title for level in questions[0].levels] if len(questions) == 1 else None
        found = verdicts(self.scale.fit, rater=RATER, criterion=self._criterion, drift=self.drift)
        return [
            [{"code": "few", "n": int(self.shared[j])}]
            if self._reason(j)
            else flags_of(verdict, titles, levels)
            for j, verdict in enumerate(found)
        ]

    @property
    def _criterion(self) -> str | None:
        return CRITERION if self.n_questions > 1 else None

    def _bias(self, groups: Groups) -> dict[int, dict[int, Shift]]:
        """By rater and group what sets the rater apart there; targets in no group are left out."""
        code = groups.code[self.scale.item_codes]
        found: dict[int, dict[int, Shift]] = {j: {} for j in range(self.n_raters)}
        if not groups.titles or not (code >= 0).any():
            return found
        column = Codes(np.where(code >= 0, code, len(groups.titles)), (*groups.titles, ""))
        shifts = shifts_of(find_bias(self.scale.fit, RATER, column, names=(RATER, groups.name)))
        for j, cells in shifts.items():
            found[j] = {g: one for g, one in cells.items() if g < len(groups.titles) and one.n >= FEWEST}
        return found

    def _cell(self, j: int, g: int, shift: Shift, title: str) -> dict[str, Any]:
        bend = float(self.levels_a_logit[j])
        return {
            "of": title,
            "n": shift.n,
            "shift": round(shift.effect * bend, 4),
            "se": round(shift.se * bend, 4),
        }

    def _windows(self) -> Codes:
        stretch = windows_of(
            self.scale.columns.label,
            self.rater,
            n_raters=self.n_raters,
            most=MOST_WINDOWS,
            fewest=LEAST_WINDOW,
        )
        return Codes(np.maximum(stretch, 0), tuple(range(MOST_WINDOWS)))

    def _drift_of(self, j: int) -> list[dict[str, Any]]:
        drift = self.drift
        known = np.flatnonzero(np.isfinite(drift.severity[j]) & np.isfinite(drift.se[j]))
        if len(known) < 2:
            return []
        return [
            {
                "n": int(drift.n[j, t]),
                "severity": round(float(drift.severity[j, t]), 4),
                "se": round(float(drift.se[j, t]), 4),
                "smooth": number(round(float(drift.walk.mean[j, t]), 4)),
            }
            for t in known.tolist()
        ]

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


def _band(df: float) -> list[float] | None:
    """The mean squares between which 95 of 100 raters lie whose labels are as the model says."""
    if not np.isfinite(df) or df <= 0:
        return None
    q = min(float(np.sqrt(2 / df)), float(np.sqrt(2.0)))
    low, high = (max(0.0, 1 + (z - q / 3) * q / 3) ** 3 for z in (-1.96, 1.96))
    return [round(low, 3), round(high, 3)]


def _apart(structure: Structure) -> BoolArray:
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
