"""What each signal has to do with what is believed of one trace."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from annotate.errors import Rejected
from annotate.stats.codes import FloatArray, IntArray
from annotate.stats.locate.evidence import NO_ERROR, Evidence
from annotate.stats.locate.fit import LocationFit
from annotate.stats.locate.layout import Layout
from annotate.stats.locate.signals import Signals
from annotate.stats.locate.sums import sums

PRIOR, ROLLOUTS = -2, -1


@dataclass(frozen=True, slots=True, eq=False)
class Ledger:
    """One trace's evidence, signal by signal.

    Attributes
    ----------
    signal : (n_signals,) int array
        `PRIOR`, `ROLLOUTS`, or a rater's number; signals that are silent here are absent.
    terms : (n_signals, M + 1) float array
        Each signal's log-likelihood of each place, as it entered: dependent readings and trust included. They add up to
        the log-posterior, up to a constant.
    best, rival : int
        The most probable place and the next, `NO_ERROR` for none.
    log_odds : (n_signals,) float array
        What each adds to the logarithm of P(best) / P(rival): they add up to it.
    share : (n_signals,) float array
        Of the sum of the sizes of the log-odds; 0 everywhere where nothing speaks for or against.
    own : (n_signals,) int array
        Where each signal by itself puts the error (an even prior); the earliest where places are equal.
    """

    signal: IntArray
    terms: FloatArray
    best: int
    rival: int
    log_odds: FloatArray
    share: FloatArray
    own: IntArray

    @property
    def correct(self) -> FloatArray:
        """(M,) P(correct) of each step."""
        return _correct(self.terms.sum(axis=0))

    def without(self) -> FloatArray:
        """(n_signals, M) P(correct) of each step had the signal been silent."""
        return np.stack([_correct(self.terms.sum(axis=0) - one) for one in self.terms])


def ledger(fit: LocationFit, evidence: Evidence, trace: int) -> Ledger:
    """The ledger of one trace; a known answer plays no part in it.

    Raises `Rejected` for a trace that does not exist.

    Examples
    --------
    >>> from annotate.stats.locate.evidence import Raters, Reports
    >>> from annotate.stats.locate.fit import locate
    >>> evidence = Evidence.of(
    ...     [3], outcome=[0], raters=Raters.of([0, 1]),
    ...     reports=Reports(np.array([0, 0]), np.array([0, 1]), np.array([1, 2])))
    >>> found = ledger(locate(evidence), evidence, 0)
    >>> found.best, found.rival, [bool(one > 0) for one in found.log_odds]
    (1, 2, [False, True, False])
    """
    if not 0 <= trace < evidence.n_traces:
        raise Rejected("there is no such trace", field="trace")
    signals = Signals.of(evidence.take(np.array([trace])).without_gold())
    names, terms = _terms(fit, signals)
    total = terms.sum(axis=0)
    order = np.argsort(-total, kind="stable")
    log_odds = terms[:, order[0]] - terms[:, order[1]]
    size = np.abs(log_odds).sum()
    M = int(signals.layout.length[0])
    named = np.append(np.arange(M), NO_ERROR)
    return Ledger(
        signal=names,
        terms=terms,
        best=int(named[order[0]]),
        rival=int(named[order[1]]),
        log_odds=log_odds,
        share=np.abs(log_odds) / size if size > 0 else np.zeros(len(names)),
        own=named[terms.argmax(axis=1)],
    )


def _terms(fit: LocationFit, signals: Signals) -> tuple[IntArray, FloatArray]:
    model, evidence, places = fit.model, signals.evidence, signals.layout.n_places
    weights = model.weights(signals)
    channels, _ = model.channels(signals, weights)
    names, rows = [PRIOR], [model.trust[0] * channels[0]]
    if len(evidence.rollouts):
        names.append(ROLLOUTS)
        rows.append(model.trust[1] * channels[1])
    trust = model.trust[2:][model.raters.kind]
    reports = model.report_terms(signals, weights)
    steps = model.verdict_terms(signals, weights)
    of_report, of_verdict = evidence.reports.rater, evidence.verdicts.rater
    for rater in np.union1d(of_report, of_verdict).tolist():
        mine = (of_report == rater)[signals.row]
        said = sums(signals.at[mine], reports[mine], places)
        said = said + signals.over_places(steps, of_verdict == rater)
        names.append(rater)
        rows.append(trust[rater] * said)
    return np.array(names), np.stack(rows)


def _correct(score: FloatArray) -> FloatArray:
    layout = Layout.of(np.array([len(score) - 1]))
    posterior, _ = layout.normalised(score)
    return np.asarray(layout.after(posterior)[:-1])
