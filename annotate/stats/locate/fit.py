"""Fit the model of all signals and read off where the first errors are."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from annotate.errors import Rejected
from annotate.stats.codes import FloatArray
from annotate.stats.locate.copies import without_copies
from annotate.stats.locate.dependence import Dependence, pair_code
from annotate.stats.locate.evidence import UNKNOWN, Evidence
from annotate.stats.locate.foretelling import foretelling_trust
from annotate.stats.locate.model import Model, Weights
from annotate.stats.locate.readings import agreements, is_more_than_chance
from annotate.stats.locate.result import LocationPosterior
from annotate.stats.locate.selection import MOST_OTHERS, chosen, n_words
from annotate.stats.locate.signals import Signals
from annotate.stats.locate.trust import fitted_trust

_ROUNDS = 4
_ITERATIONS = 12
_TOLERANCE = 1e-4
# Traces scored at a time, so that memory does not grow with the project.
_CHUNK = 20_000
# With so many gold traces, the others together count half of what they would.
_HALVING = 300.0
_CHANCE = "raters agree no more than by chance: every table is the one assumed for the rater's kind"


@dataclass(frozen=True, slots=True, eq=False)
class LocationFit:
    """Fitted parameters, and what they rest on.

    Attributes
    ----------
    model : Model
    n_gold, n_others : int
        Traces that the fit has read, with and without a known answer.
    history : tuple of tuples of float
        The penalised log-likelihood after every iteration, round by round; it never falls within a round. Between
        rounds the weights of dependent readings and what raters lean on are set anew.
    assumed : tuple of str
        What was taken for granted because the data could not tell.
    """

    model: Model
    n_gold: int
    n_others: int
    history: tuple[tuple[float, ...], ...]
    assumed: tuple[str, ...]

    def posterior(self, evidence: Evidence) -> LocationPosterior:
        """Of any traces by the same raters, known answers kept. One trace takes milliseconds: so a label is added."""
        layout = evidence.layout()
        found = np.empty(layout.n_places)
        for begin in range(0, evidence.n_traces, _CHUNK):
            end = min(begin + _CHUNK, evidence.n_traces)
            some = (
                evidence if not begin and end == evidence.n_traces else evidence.take(np.arange(begin, end))
            )
            found[layout.start[begin] : layout.start[end]] = self._of_some(some)
        return LocationPosterior(layout, found)

    def outcomes(self, evidence: Evidence) -> tuple[FloatArray, FloatArray]:
        """(n_places,) probabilities without regard to gold, and (n_traces,) the logarithm of what they summed to."""
        signals = Signals.of(evidence)
        return signals.layout.normalised(self.model.score(signals))

    def _of_some(self, evidence: Evidence) -> FloatArray:
        signals = Signals.of(evidence)
        posterior, _ = signals.layout.normalised(self.model.score(signals))
        return _clamped(signals, posterior)


def locate(evidence: Evidence, *, seed: int = 0) -> LocationFit:
    r"""Fit where first errors are, from rollouts, readings and verdicts, by empirical Bayes.

    .. math::

        P(e \mid \text{all}) \propto \pi(e)^{\beta_0} \, P(\text{counts} \mid e)^{\beta_1} \prod_r P_r(\text{report}
        \mid e)^{w_r \beta} \prod_v P_v(\text{verdict} \mid e)^{w_v \beta}

    Rollouts: `rollouts`. Reports: `manners`. Weights of dependent readings: `dependence`. The :math:`\beta` are 1
    without gold and learnt with it: `trust`. All other parameters are climbed to by EM over traces of which at least
    two sources speak or whose answer is known, and others beside them (`selection`); where nothing can be learnt they
    stay what was assumed, and the fit says so.

    Parameters
    ----------
    evidence : Evidence
    seed : int
        For which traces are read when there are more than a fit needs.

    Raises
    ------
    Rejected
        No traces.

    References
    ----------
    Dawid, A. P. & Skene, A. M. (1979). Maximum likelihood estimation of observer error-rates using the EM algorithm.
    Applied Statistics 28, 20-28. doi:10.2307/2346806
    Zhang, Z. et al. (2025). The lessons of developing process reward models in mathematical reasoning.
    arXiv:2501.07301

    Examples
    --------
    >>> from annotate.stats.locate.evidence import Evidence, Raters, Reports
    >>> evidence = Evidence.of(
    ...     [3, 3], outcome=[0, 0], raters=Raters.of([0, 0]),
    ...     reports=Reports(np.array([0, 0, 1]), np.array([0, 1, 0]), np.array([1, 1, 2])))
    >>> fit = locate(evidence)
    >>> believed = fit.posterior(evidence)
    >>> believed.best.tolist(), bool(believed.confidence[0] > believed.confidence[1])
    ([1, 2], True)
    """
    if not evidence.n_traces:
        raise Rejected("there is no trace", field="length")
    evidence, n_copies = without_copies(evidence)
    read, weight = chosen(evidence, np.random.default_rng(seed))
    is_gold = evidence.gold[read] != UNKNOWN
    n_gold = int(is_gold.sum())
    model = Model.assumed(evidence.raters)
    if not n_gold:
        model = replace(model, dependence=_of_families(model, evidence, np.random.default_rng(seed)))
    if not len(read):
        return LocationFit(model, 0, 0, (), _assumptions(evidence, 0, n_copies, is_read=False))
    some = evidence.take(read)
    if not (n_gold or len(some.rollouts) or is_more_than_chance(some)):
        return LocationFit(model, 0, 0, (), (*_assumptions(evidence, 0, n_copies, is_read=True), _CHANCE))
    signals = Signals.of(some)
    voice = np.where(is_gold, 1.0, weight / (1 + n_gold / _HALVING))
    least, history = model.dependence, []
    model = model.setting_out()
    for _ in range(_ROUNDS):
        weights = model.weights(signals)
        model, posterior, climbed = _climbed(model, signals, weights, voice)
        history.append(climbed)
        mass = posterior * voice[signals.layout.trace]
        model = replace(
            model.leaning(signals, weights, mass), dependence=_dependence(model, signals, weights, least)
        )
    weights = model.weights(signals)
    model, _, climbed = _climbed(model, signals, weights, voice)
    history.append(climbed)
    trust = _trust(model, signals) if n_gold else foretelling_trust(model, signals, weights, voice)
    model = replace(model, trust=trust)
    return LocationFit(
        model,
        n_gold,
        len(read) - n_gold,
        tuple(history),
        _assumptions(evidence, n_gold, n_copies, is_read=True),
    )


def _climbed(
    model: Model, signals: Signals, weights: Weights, voice: FloatArray
) -> tuple[Model, FloatArray, tuple[float, ...]]:
    history: list[float] = []
    gold = signals.gold_places()
    layout = signals.layout
    for _ in range(_ITERATIONS):
        channels, repair = model.channels(signals, weights)
        score = channels.sum(axis=0)
        posterior, total = layout.normalised(score)
        total[signals.is_gold] = score[gold]
        posterior = _clamped(signals, posterior)
        history.append(float(voice @ total) + model.log_prior())
        if len(history) > 1 and history[-1] - history[-2] < _TOLERANCE * layout.n_traces:
            break
        model = model.raised(signals, weights, posterior, repair, voice)
    return model, posterior, tuple(history)


def _clamped(signals: Signals, posterior: FloatArray) -> FloatArray:
    if signals.is_gold.any():
        posterior[signals.is_gold[signals.layout.trace]] = 0.0
        posterior[signals.gold_places()] = 1.0
    return posterior


def _of_families(model: Model, evidence: Evidence, rng: np.random.Generator) -> Dependence:
    """How alike readers of one family are if they are no better than assumed.

    To be asked before their tables are climbed to: then each is held to be right as often as the other says the same.
    """
    several = np.flatnonzero(n_words(evidence) > 1)
    if not len(several):
        return model.dependence
    if len(several) > MOST_OTHERS:
        several = np.sort(rng.choice(several, MOST_OTHERS, replace=False))
    signals = Signals.of(evidence.take(several))
    return _dependence(model, signals, model.weights(signals), model.dependence).of_families()


def _dependence(model: Model, signals: Signals, weights: Weights, least: Dependence) -> Dependence:
    found = agreements(model, signals, weights)
    if not len(found.one):
        return model.dependence
    pair = pair_code(found.one, found.other, len(model.raters))
    return Dependence.estimated(model.raters, pair, found.agrees, found.expected, found.is_gold, least=least)


def _trust(model: Model, signals: Signals) -> FloatArray:
    known = Signals.of(signals.evidence.take(np.flatnonzero(signals.is_gold)))
    channels, _ = model.channels(known, model.weights(known))
    return fitted_trust(channels, known.layout, known.gold_places())


def _assumptions(evidence: Evidence, n_gold: int, n_copies: int, *, is_read: bool) -> tuple[str, ...]:
    found = []
    if not n_gold:
        found.append("no answer is known: raters of a kind are assumed to be mostly right")
        found.append("no answer is known: readers are believed as far as they foretell each other")
        found.append("no answer is known: agreement within a family is told from skill by assumption")
    if not len(evidence.rollouts):
        found.append("no rollouts: nothing is known of what can be repaired")
    if n_copies:
        found.append(f"{n_copies} machines repeat each other: they count as one family")
    if not is_read:
        found.append(
            "no trace has two sources that do not share a family: every table is the one assumed for the rater's kind"
        )
    return tuple(found)
