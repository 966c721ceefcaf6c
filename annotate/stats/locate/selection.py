"""Which traces a fit reads, and how many others each of them stands for.

A fit learns from traces with a known answer and from traces of which two sources speak. Where a queue sends people to
doubtful traces first, the latter are mostly traces with an error, and a fit that took them for all would believe in
errors everywhere. So traces on which one source has spoken once are read as well: they say nothing of how good the
source is, but how common its words are. A source that has spoken of a trace several times would, with nobody beside it,
take its own agreement for skill; for such traces those speak that look alike without people: by final answer,
difficulty, what machines report, and whether anything was refuted.
"""

from __future__ import annotations

import numpy as np

from annotate.stats.codes import BoolArray, FloatArray, IntArray
from annotate.stats.locate.evidence import NO_ERROR, PERSON, UNKNOWN, Evidence
from annotate.stats.locate.signals import N_DIFFICULTIES, difficulty_of, n_sources
from annotate.stats.locate.sums import sums

# Traces a fit reads: more change the third digit of a table and nothing else.
MOST_GOLD = 6000
MOST_OTHERS = 3000
# A trace stands for no more than so many times what the average one does, and for no less than one in so many.
MOST = 10.0
_SAID = 4
_REFUTED = 2


def chosen(evidence: Evidence, rng: np.random.Generator) -> tuple[IntArray, FloatArray]:
    """The traces to read, ascending, and how much each counts: 1 with a known answer, 1 on average without."""
    is_gold = evidence.gold != UNKNOWN
    spoken = n_sources(evidence)
    is_double, is_single = ~is_gold & (spoken > 1), ~is_gold & (spoken == 1) & (n_words(evidence) == 1)
    if not is_double.any():
        # Words that nothing is held against teach nothing.
        is_single[:] = False
    some = [
        rng.choice(which, most, replace=False) if len(which) > most else which
        for which, most in (
            (np.flatnonzero(is_gold), MOST_GOLD),
            (np.flatnonzero(is_double), MOST_OTHERS),
            (np.flatnonzero(is_single), MOST_OTHERS),
        )
    ]
    read = np.sort(np.concatenate(some))
    is_read = np.zeros(evidence.n_traces, dtype=np.bool_)
    is_read[read] = True
    others = ~is_gold & (spoken > 0)
    weight = np.ones(evidence.n_traces)
    weight[others & is_read] = _stands_for(_kinds(evidence) * 2 + is_single, others, others & is_read)
    return read, weight[read]


def _stands_for(kind: IntArray, everything: BoolArray, is_read: BoolArray) -> FloatArray:
    """(n_read,) How many traces of its kind each read one stands for; 1 on average."""
    if not is_read.any():
        return np.zeros(0)
    n_all = np.bincount(kind[everything])
    n_read = np.bincount(kind[is_read], minlength=len(n_all))
    weight = (n_all / np.maximum(n_read, 1))[kind[is_read]]
    weight = np.clip(weight / weight.mean(), 1 / MOST, MOST)
    return np.asarray(weight / weight.mean())


def n_words(evidence: Evidence) -> IntArray:
    """(n_traces,) Reports, verdicts and rolled-out prefixes."""
    n = evidence.n_traces
    rows = (evidence.reports.trace, evidence.verdicts.trace, evidence.rollouts.trace)
    return np.asarray(sum(np.bincount(trace, minlength=n) for trace in rows))


def _kinds(evidence: Evidence) -> IntArray:
    """(n_traces,) A code of what is known without people."""
    n, kinds = evidence.n_traces, evidence.raters.kind
    reports, verdicts = evidence.reports, evidence.verdicts
    by_machine = kinds[reports.rater] != PERSON
    trace = reports.trace[by_machine]
    votes = np.bincount(trace, minlength=n)
    cleared = sums(trace, (reports.place[by_machine] == NO_ERROR).astype(np.float64), n)
    # No report, all find none, they differ, all find one.
    said = np.where(votes == 0, 0, np.where(cleared == votes, 1, np.where(cleared > 0, 2, 3)))
    is_bad = (verdicts.bad == 1) & (kinds[verdicts.rater] != PERSON)
    refuted = np.minimum(np.bincount(verdicts.trace[is_bad], minlength=n), 1)
    code = (evidence.outcome + 1) * N_DIFFICULTIES + difficulty_of(evidence)
    return np.asarray((code * _SAID + said) * _REFUTED + refuted)
