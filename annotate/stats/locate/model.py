"""The whole model: what each signal says of each place, under one set of parameters."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from annotate.stats.codes import FloatArray
from annotate.stats.locate import habits, manners, scans, shifts
from annotate.stats.locate.dependence import Dependence
from annotate.stats.locate.evidence import KINDS, Raters
from annotate.stats.locate.manners import Manners, together
from annotate.stats.locate.prior import Prior
from annotate.stats.locate.rollouts import RolloutModel
from annotate.stats.locate.signals import AT, BEHIND, N_DIFFICULTIES, SOUND, VERDICTS_ASSUMED, Signals
from annotate.stats.locate.sums import sums
from annotate.stats.locate.tables import pseudo_counts
from annotate.stats.locate.truncated import raised

CHANNELS = ("prior", "rollouts", *KINDS)
N_CHANNELS = len(CHANNELS)
FIRST_RATER = 2
# By table of raters: what is assumed of each kind.
_ASSUMED = {
    "shift": shifts.ASSUMED,
    "scan": scans.ASSUMED,
    "habit": habits.ASSUMED,
    "manner": manners.ASSUMED,
    "verdict": VERDICTS_ASSUMED,
}
TABLES = tuple(_ASSUMED)


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """How much each report and each verdict counts beside others of its trace or step."""

    report: FloatArray
    verdict: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """Expected readings: `shift` (n_raters, n_difficulties, n_states, 8) and `habit` (…, n_states, 11) by what was
    within reach, the others in the shape of their tables.
    """

    shift: FloatArray
    scan: FloatArray
    habit: FloatArray
    manner: FloatArray
    verdict: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """`shift` (n_raters, n_difficulties, 4, 8), `scan` (…, 6, 2), `habit` (…, 1, 11), `manner` (…, 1, 3) and `verdict`
    (…, 3, 2) are tables of probabilities with pseudo-counts of the same shape; `trust` (n_channels,) multiplies each
    channel's log-likelihood.
    """

    raters: Raters
    prior: Prior
    rollouts: RolloutModel
    shift: FloatArray
    shift_pseudo: FloatArray
    scan: FloatArray
    scan_pseudo: FloatArray
    habit: FloatArray
    habit_pseudo: FloatArray
    manner: FloatArray
    manner_pseudo: FloatArray
    verdict: FloatArray
    verdict_pseudo: FloatArray
    dependence: Dependence
    trust: FloatArray

    @classmethod
    def assumed(cls, raters: Raters) -> Model:
        pseudo: dict[str, Any] = {
            f"{name}_pseudo": pseudo_counts(None, assumed, raters.kind, N_DIFFICULTIES)
            for name, assumed in _ASSUMED.items()
        }
        return cls(
            raters=raters,
            prior=Prior.assumed(N_DIFFICULTIES),
            rollouts=RolloutModel.assumed(),
            dependence=Dependence.assumed(raters),
            trust=np.ones(N_CHANNELS),
            **pseudo,
            **{name: _shares(pseudo[f"{name}_pseudo"]) for name in _ASSUMED},
        )

    def setting_out(self) -> Model:
        """The same where EM begins."""
        pseudo = pseudo_counts(None, manners.LEARNING, self.raters.kind, N_DIFFICULTIES)
        return replace(self, manner=_shares(pseudo), manner_pseudo=pseudo)

    @property
    def manners(self) -> Manners:
        """The tables of reports, one for each rater and difficulty."""
        size = len(self.raters) * N_DIFFICULTIES
        tables = (self.shift, self.scan, self.habit, self.manner)
        return Manners(*(one.reshape(size, *one.shape[2:]) for one in tables))

    def weights(self, signals: Signals) -> Weights:
        evidence = signals.evidence
        return Weights(
            self.dependence.weights(evidence.reports.rater, *signals.report_pairs()),
            self.dependence.weights(evidence.verdicts.rater, *signals.verdict_pairs()),
        )

    def report_terms(self, signals: Signals, weights: Weights) -> FloatArray:
        """One log-likelihood per report and place of its trace."""
        return np.asarray(together(self._by_manner(signals)) * weights.report[signals.row])

    def _by_manner(self, signals: Signals) -> FloatArray:
        """(3, …) Log-likelihoods of every report and place of its trace by manner."""
        return self.manners.scored(signals.table[signals.row], signals.told)

    def verdict_terms(self, signals: Signals, weights: Weights) -> FloatArray:
        """(3, n_verdicts) log-likelihoods were the step sound, the first error, or behind it."""
        log_table = np.log(self.verdict).reshape(-1, 3, 2)
        terms = log_table[signals.step_table, :, signals.evidence.verdicts.bad]
        return np.asarray(terms.T * weights.verdict)

    def channels(self, signals: Signals, weights: Weights) -> tuple[FloatArray, FloatArray]:
        """(n_channels, n_places) log-likelihoods, and the log-shares of the rates of repair."""
        layout = signals.layout
        found = np.zeros((N_CHANNELS, layout.n_places))
        found[0] = self.prior.score(layout, signals.outcome, signals.difficulty)
        found[1], repair = self.rollouts.score(signals.counts, layout, signals.outcome)
        kinds, evidence = self.raters.kind, signals.evidence
        reports = self.report_terms(signals, weights)
        of_report = kinds[evidence.reports.rater][signals.row]
        steps = self.verdict_terms(signals, weights)
        of_verdict = kinds[evidence.verdicts.rater]
        for kind in range(len(KINDS)):
            row = FIRST_RATER + kind
            is_kind = of_report == kind
            found[row] += sums(signals.at[is_kind], reports[is_kind], layout.n_places)
            is_kind = of_verdict == kind
            if is_kind.any():
                found[row] += signals.over_places(steps, is_kind)
        return found, repair

    def score(self, signals: Signals, weights: Weights | None = None) -> FloatArray:
        """(n_places,) unnormalised log-probabilities."""
        found, _ = self.channels(signals, weights or self.weights(signals))
        return np.asarray(self.trust @ found)

    def raised(
        self,
        signals: Signals,
        weights: Weights,
        posterior: FloatArray,
        repair: FloatArray,
        voice: FloatArray,
    ) -> Model:
        """One M-step; `voice` (n_traces,) is how much each trace counts."""
        layout = signals.layout
        mass = posterior * voice[layout.trace]
        heard = self.counts(signals, weights, mass)
        return replace(
            self,
            prior=self.prior.raised(layout, signals.outcome, signals.difficulty, mass),
            rollouts=self.rollouts.raised(signals.counts, layout, mass, repair, signals.outcome),
            shift=raised(heard.shift, self.shift, self.shift_pseudo, shifts.ROW, shifts.REACHABLE),
            scan=_shares(heard.scan + self.scan_pseudo),
            habit=raised(heard.habit, self.habit, self.habit_pseudo, habits.ROW, habits.REACHABLE),
            manner=_shares(heard.manner + self.manner_pseudo),
            verdict=_shares(heard.verdict + self.verdict_pseudo),
        )

    def counts(self, signals: Signals, weights: Weights, mass: FloatArray) -> Heard:
        """What each rater's tables are expected to have been read for, given `mass` (n_places,) of every place."""
        size, table = len(self.raters) * N_DIFFICULTIES, signals.table[signals.row]
        told, scores = signals.told, self._by_manner(signals)
        amount = mass[signals.at] * weights.report[signals.row]
        shifted, scanned, habitual = amount * np.exp(scores - together(scores))
        shape = (len(self.raters), N_DIFFICULTIES)
        shift = sums(table * shifts.N_CELLS + told.shift, shifted, size * shifts.N_CELLS)
        habit = sums(table * habits.N_CELLS + told.habit, habitual, size * habits.N_CELLS)
        manner = np.stack([sums(table, one, size) for one in (shifted, scanned, habitual)], axis=-1)
        layout, at, bad = signals.layout, signals.step_at, signals.evidence.verdicts.bad
        chances = {SOUND: layout.after(mass)[at], AT: mass[at], BEHIND: layout.before(mass)[at]}
        verdict = np.zeros((size, 3, 2))
        for status, chance in chances.items():
            verdict[:, status] = sums(
                signals.step_table * 2 + bad, np.maximum(chance, 0) * weights.verdict, size * 2
            ).reshape(size, 2)
        return Heard(
            shift.reshape(*shape, shifts.N_STATES, shifts.N_CATEGORIES),
            told.walks.counted(table, scanned, size).reshape(*shape, scans.N_ROWS, 2),
            habit.reshape(*shape, habits.N_STATES, habits.N_CATEGORIES),
            manner.reshape(*shape, 1, 3),
            verdict.reshape(*shape, 3, 2),
        )

    def leaning(self, signals: Signals, weights: Weights, mass: FloatArray) -> Model:
        """The same model whose pseudo-counts are those of the raters' kinds as they now appear."""
        heard = self.counts(signals, weights, mass)
        by_row = np.zeros_like(self.shift)
        for state, row in enumerate(shifts.ROW.tolist()):
            by_row[:, :, row] += heard.shift[:, :, state]
        counts = {
            "shift": by_row,
            "scan": heard.scan,
            "habit": heard.habit.sum(axis=2, keepdims=True),
            "manner": heard.manner,
            "verdict": heard.verdict,
        }
        pseudo: dict[str, Any] = {
            f"{name}_pseudo": pseudo_counts(counts[name], assumed, self.raters.kind, N_DIFFICULTIES)
            for name, assumed in (_ASSUMED | {"manner": manners.LEARNING}).items()
        }
        return replace(self, **pseudo)

    def log_prior(self) -> float:
        """What the pseudo-counts say of the parameters, up to a constant."""
        tables = sum(
            (getattr(self, f"{name}_pseudo") * np.log(np.maximum(getattr(self, name), 1e-300))).sum()
            for name in _ASSUMED
        )
        return float(tables) + self.prior.log_prior() + self.rollouts.log_prior()


def _shares(counts: FloatArray) -> FloatArray:
    return np.asarray(counts / counts.sum(axis=-1, keepdims=True))
