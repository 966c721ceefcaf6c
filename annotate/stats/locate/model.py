"""The whole model: what each signal says of each place, under one set of parameters."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from annotate.stats.codes import FloatArray
from annotate.stats.locate import shifts
from annotate.stats.locate.dependence import Dependence
from annotate.stats.locate.evidence import KINDS, Raters
from annotate.stats.locate.prior import Prior
from annotate.stats.locate.rollouts import RolloutModel
from annotate.stats.locate.signals import AT, BEHIND, N_DIFFICULTIES, SOUND, VERDICTS_ASSUMED, Signals
from annotate.stats.locate.sums import sums
from annotate.stats.locate.tables import pseudo_counts
from annotate.stats.locate.truncated import log_reachable, raised

CHANNELS = ("prior", "rollouts", *KINDS)
N_CHANNELS = len(CHANNELS)
FIRST_RATER = 2


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """How much each report and each verdict counts beside others of its trace or step."""

    report: FloatArray
    verdict: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """`shift` (n_raters, n_difficulties, 4, 8) and `verdict` (n_raters, n_difficulties, 3, 2) are tables of
    probabilities with pseudo-counts of the same shape; `trust` (n_channels,) multiplies each channel's log-likelihood.
    """

    raters: Raters
    prior: Prior
    rollouts: RolloutModel
    shift: FloatArray
    shift_pseudo: FloatArray
    verdict: FloatArray
    verdict_pseudo: FloatArray
    dependence: Dependence
    trust: FloatArray

    @classmethod
    def assumed(cls, raters: Raters) -> Model:
        shift = pseudo_counts(None, shifts.ASSUMED, raters.kind, N_DIFFICULTIES)
        verdict = pseudo_counts(None, VERDICTS_ASSUMED, raters.kind, N_DIFFICULTIES)
        return cls(
            raters=raters,
            prior=Prior.assumed(N_DIFFICULTIES),
            rollouts=RolloutModel.assumed(),
            shift=shift / shift.sum(axis=-1, keepdims=True),
            shift_pseudo=shift,
            verdict=verdict / verdict.sum(axis=-1, keepdims=True),
            verdict_pseudo=verdict,
            dependence=Dependence.assumed(raters),
            trust=np.ones(N_CHANNELS),
        )

    def weights(self, signals: Signals) -> Weights:
        evidence = signals.evidence
        return Weights(
            self.dependence.weights(evidence.reports.rater, *signals.report_pairs()),
            self.dependence.weights(evidence.verdicts.rater, *signals.verdict_pairs()),
        )

    def report_terms(self, signals: Signals, weights: Weights) -> FloatArray:
        """One log-likelihood per report and place of its trace."""
        table = log_reachable(self.shift, shifts.ROW, shifts.REACHABLE).reshape(-1)
        index = signals.table[signals.row] * shifts.N_CELLS + signals.cell
        return np.asarray((table[index] - signals.sharing) * weights.report[signals.row])

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
        shift_counts, verdict_counts = self.counts(signals, weights, mass)
        return replace(
            self,
            prior=self.prior.raised(layout, signals.outcome, signals.difficulty, mass),
            rollouts=self.rollouts.raised(signals.counts, layout, mass, repair, signals.outcome),
            shift=raised(shift_counts, self.shift, self.shift_pseudo, shifts.ROW, shifts.REACHABLE),
            verdict=_shares(verdict_counts + self.verdict_pseudo),
        )

    def counts(self, signals: Signals, weights: Weights, mass: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Expected readings: (n_raters, n_difficulties, n_states, n_categories), and of verdicts (…, 3, 2)."""
        size = len(self.raters) * N_DIFFICULTIES
        index = signals.table[signals.row] * shifts.N_CELLS + signals.cell
        amount = mass[signals.at] * weights.report[signals.row]
        shape = (len(self.raters), N_DIFFICULTIES, shifts.N_STATES, shifts.N_CATEGORIES)
        reports = sums(index, amount, size * shifts.N_CELLS).reshape(shape)
        layout, at, bad = signals.layout, signals.step_at, signals.evidence.verdicts.bad
        chances = {SOUND: layout.after(mass)[at], AT: mass[at], BEHIND: layout.before(mass)[at]}
        verdicts = np.zeros((size, 3, 2))
        for status, chance in chances.items():
            verdicts[:, status] = sums(
                signals.step_table * 2 + bad, np.maximum(chance, 0) * weights.verdict, size * 2
            ).reshape(size, 2)
        return reports, verdicts.reshape(len(self.raters), N_DIFFICULTIES, 3, 2)

    def leaning(self, signals: Signals, weights: Weights, mass: FloatArray) -> Model:
        """The same model whose pseudo-counts are those of the raters' kinds as they now appear."""
        reports, verdicts = self.counts(signals, weights, mass)
        by_row = np.zeros_like(self.shift)
        for state, row in enumerate(shifts.ROW.tolist()):
            by_row[:, :, row] += reports[:, :, state]
        kind = self.raters.kind
        return replace(
            self,
            shift_pseudo=pseudo_counts(by_row, shifts.ASSUMED, kind, N_DIFFICULTIES),
            verdict_pseudo=pseudo_counts(verdicts, VERDICTS_ASSUMED, kind, N_DIFFICULTIES),
        )

    def log_prior(self) -> float:
        """What the pseudo-counts say of the parameters, up to a constant."""
        tables = (self.shift_pseudo * np.log(np.maximum(self.shift, 1e-300))).sum() + (
            self.verdict_pseudo * np.log(self.verdict)
        ).sum()
        return float(tables) + self.prior.log_prior() + self.rollouts.log_prior()


def _shares(counts: FloatArray) -> FloatArray:
    return np.asarray(counts / counts.sum(axis=-1, keepdims=True))
