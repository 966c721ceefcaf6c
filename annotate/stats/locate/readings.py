"""Every two readings that can be compared, and how likely they were to agree by themselves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from annotate.stats.codes import FloatArray, IntArray
from annotate.stats.coincidence import meetings
from annotate.stats.locate.evidence import Evidence
from annotate.stats.locate.layout import Layout
from annotate.stats.locate.model import Model, Weights
from annotate.stats.locate.signals import Signals
from annotate.stats.locate.sums import sums

# Pairs of readings times the places of their trace.
_MOST = 1_000_000
# Probabilities of reports by place, of as many pairs as are compared at once.
_AT_ONCE = 2_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Agreements:
    """(n_pairs,) raters, whether they agree, the probability of that, and whether the truth is known there (0 or 1)."""

    one: IntArray
    other: IntArray
    agrees: FloatArray
    expected: FloatArray
    is_gold: FloatArray


def agreements(model: Model, signals: Signals, weights: Weights) -> Agreements:
    """Of reports of one trace and of verdicts on one step, by beliefs that leave out what is compared."""
    both = [_of_reports(model, signals, weights), _of_verdicts(model, signals, weights)]
    return Agreements(
        *(
            np.concatenate([getattr(one, name) for one in both])
            for name in ("one", "other", "agrees", "expected", "is_gold")
        )
    )


def is_more_than_chance(evidence: Evidence) -> bool:
    """Whether raters of different families name the same place oftener than their habits alone would make them.

    If they do not, some order can still be found in what they say, but nothing ties it to where errors are.
    """
    reports = evidence.reports
    one, other = meetings(reports.trace)
    family = evidence.raters.family[reports.rater]
    differ = family[one] != family[other]
    one, other = one[differ], other[differ]
    if not len(one):
        return False
    most = int(evidence.length.max()) + 1
    n_raters = len(evidence.raters)
    habit = np.bincount(reports.rater * most + reports.place + 1, minlength=n_raters * most).reshape(-1, most)
    habit = habit / np.maximum(habit.sum(axis=1, keepdims=True), 1)
    chance = (habit[reports.rater[one]] * habit[reports.rater[other]]).sum(axis=1)
    agrees = reports.place[one] == reports.place[other]
    per_trace = sums(reports.trace[one], agrees - chance, evidence.n_traces)
    return bool(per_trace.sum() > 2 * np.sqrt((per_trace**2).sum()))


def _of_reports(model: Model, signals: Signals, weights: Weights) -> Agreements:
    reports, layout = signals.evidence.reports, signals.layout
    one, other = signals.report_pairs()
    # Twenty judges make two hundred pairs per trace: some will do. Every so many would be the same of every trace.
    if (n_places := int((layout.length[reports.trace[one]] + 1).sum())) > _MOST:
        drawn = np.random.default_rng(0).random(len(one)) < _MOST / n_places
        one, other = one[drawn], other[drawn]
    trace = reports.trace[one]
    row, at = layout.spread(trace)
    pairs = Layout.of(layout.length[trace])
    score = model.score(signals, weights)[at]
    said, begins, group = said_by_families(model, signals, weights)
    first, second = group[one], group[other]
    score = score - said[begins[first][row] + pairs.place]
    is_apart = (first != second)[row]
    score[is_apart] -= said[(begins[second][row] + pairs.place)[is_apart]]
    belief, _ = pairs.normalised(score)
    belief = _certain(signals, trace, pairs, belief)
    alike = _alike(model, signals, one, other, pairs)
    return Agreements(
        reports.rater[one],
        reports.rater[other],
        (reports.place[one] == reports.place[other]).astype(np.float64),
        np.clip(pairs.total(belief * alike), 0.0, 1.0),
        signals.is_gold[trace].astype(np.float64),
    )


def said_by_families(
    model: Model, signals: Signals, weights: Weights
) -> tuple[FloatArray, IntArray, IntArray]:
    """What each family's reports of a trace say of its places, where each begins, and (n_reports,) whose each is."""
    reports, layout = signals.evidence.reports, signals.layout
    most = int(model.raters.family.max(initial=0)) + 1
    groups, group = np.unique(reports.trace * most + model.raters.family[reports.rater], return_inverse=True)
    size = layout.length[groups // most] + 1
    begins = np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
    trust = model.trust[2:][model.raters.kind[reports.rater]]
    terms = model.report_terms(signals, weights) * trust[signals.row]
    at = begins[group][signals.row] + layout.place[signals.at]
    return sums(at, terms, int(begins[-1])), begins, group.astype(np.int64)


def _alike(model: Model, signals: Signals, one: IntArray, other: IntArray, pairs: Layout) -> FloatArray:
    """(n_places of `pairs`,) Probability that independent readings are the same, given each place of their trace."""
    found = np.empty(pairs.n_places)
    tables = model.manners
    for length in np.unique(pairs.length).tolist():
        size = length + 1
        which = np.flatnonzero(pairs.length == length)
        for begin in range(0, len(which), at_once := max(_AT_ONCE // size**2, 1)):
            some = which[begin : begin + at_once]
            # Many pairs are of the same two raters.
            duo = np.stack([signals.table[one[some]], signals.table[other[some]]])
            duos, duo_of = np.unique(duo, axis=1, return_inverse=True)
            used, place = np.unique(duos, return_inverse=True)
            chance = tables.take(used).likelihood(length)
            first, second = place.reshape(duos.shape)
            alike = np.einsum("dre,dre->de", chance[first], chance[second])
            found[pairs.start[some][:, None] + np.arange(size)] = alike[duo_of.reshape(-1)]
    return found


def _of_verdicts(model: Model, signals: Signals, weights: Weights) -> Agreements:
    verdicts, layout = signals.evidence.verdicts, signals.layout
    one, other = signals.verdict_pairs()
    kinds = model.raters.kind[verdicts.rater]
    terms = model.verdict_terms(signals, weights) * model.trust[2:][kinds]
    everything = np.ones(len(verdicts), dtype=np.bool_)
    score = model.score(signals, weights) - signals.over_places(terms, everything)
    belief, _ = layout.normalised(score)
    belief = _certain(signals, np.arange(layout.n_traces), layout, belief)
    at = signals.step_at[one]
    status = np.stack([layout.after(belief)[at], belief[at], layout.before(belief)[at]], axis=1)
    table = model.verdict.reshape(-1, 3, 2)
    alike = (table[signals.step_table[one]] * table[signals.step_table[other]]).sum(axis=2)
    return Agreements(
        verdicts.rater[one],
        verdicts.rater[other],
        (verdicts.bad[one] == verdicts.bad[other]).astype(np.float64),
        np.clip((status * alike).sum(axis=1), 0.0, 1.0),
        signals.is_gold[verdicts.trace[one]].astype(np.float64),
    )


def _certain(signals: Signals, trace: IntArray, layout: Layout, belief: FloatArray) -> FloatArray:
    """Beliefs with known answers in their place; `trace` is what each trace of `layout` is called in the signals."""
    which = np.flatnonzero(signals.is_gold[trace])
    gold = signals.evidence.gold[trace[which]]
    belief[signals.is_gold[trace][layout.trace]] = 0.0
    belief[layout.start[which] + np.where(gold < 0, layout.length[which], gold)] = 1.0
    return belief
