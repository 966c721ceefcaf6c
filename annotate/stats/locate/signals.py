"""Evidence laid out for scoring: every reading beside every place of its trace."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from annotate.stats.codes import BoolArray, FloatArray, IntArray
from annotate.stats.coincidence import meetings
from annotate.stats.locate.evidence import UNKNOWN, Evidence
from annotate.stats.locate.layout import Layout
from annotate.stats.locate.manners import Told
from annotate.stats.locate.rollouts import Counts
from annotate.stats.locate.sums import sums

N_DIFFICULTIES = 3
EASY, HARD, UNSEEN = range(N_DIFFICULTIES)
_EASY_FROM = 2 / 3

# Of a step, as a place e of the first error sees it.
SOUND, AT, BEHIND = range(3)
# P(good), P(bad) of a step that is sound, the first error, or behind it; by kind.
VERDICTS_ASSUMED: FloatArray = np.array(
    [
        [[0.96, 0.04], [0.15, 0.85], [0.4, 0.6]],
        [[0.92, 0.08], [0.3, 0.7], [0.4, 0.6]],
        [[0.97, 0.03], [0.6, 0.4], [0.85, 0.15]],
    ]
)


@dataclass(frozen=True, slots=True, eq=False)
class Signals:
    """Some traces, ready to be scored.

    `row`, `at` and `told` hold every report once per place of its trace; `table` (n_reports) and `step_table`
    (n_verdicts) say whose table is read, `step_at` the place of the step.
    """

    evidence: Evidence
    layout: Layout
    difficulty: IntArray
    counts: Counts
    row: IntArray
    at: IntArray
    told: Told
    table: IntArray
    step_at: IntArray
    step_table: IntArray

    @classmethod
    def of(cls, evidence: Evidence) -> Signals:
        layout = evidence.layout()
        difficulty = difficulty_of(evidence)
        reports, verdicts = evidence.reports, evidence.verdicts
        row, at = layout.spread(reports.trace)
        return cls(
            evidence=evidence,
            layout=layout,
            difficulty=difficulty,
            counts=Counts.of(evidence, layout),
            row=row,
            at=at,
            told=Told.of(reports.place[row], layout.place[at], layout.length[layout.trace[at]]),
            table=reports.rater * N_DIFFICULTIES + difficulty[reports.trace],
            step_at=layout.start[verdicts.trace] + verdicts.step,
            step_table=verdicts.rater * N_DIFFICULTIES + difficulty[verdicts.trace],
        )

    @property
    def outcome(self) -> IntArray:
        return self.evidence.outcome + 1

    @property
    def is_gold(self) -> BoolArray:
        return np.asarray(self.evidence.gold != UNKNOWN)

    def gold_places(self) -> IntArray:
        """Index of the true place of every trace with gold."""
        which = np.flatnonzero(self.is_gold)
        gold = self.evidence.gold[which]
        return self.layout.start[which] + np.where(gold < 0, self.layout.length[which], gold)

    def report_pairs(self) -> tuple[IntArray, IntArray]:
        """Every two reports of one trace."""
        return meetings(self.evidence.reports.trace)

    def verdict_pairs(self) -> tuple[IntArray, IntArray]:
        """Every two verdicts on one step."""
        order = np.argsort(self.step_at, kind="stable")
        one, other = meetings(self.step_at[order])
        return order[one], order[other]

    def over_places(self, terms: FloatArray, which: BoolArray) -> FloatArray:
        """(n_places,) from (3, n_verdicts) log-likelihoods given the status of a step, of the verdicts in `which`."""
        at = self.step_at[which]
        sound, first, behind = (
            sums(at, terms[status, which], self.layout.n_places) for status in (SOUND, AT, BEHIND)
        )
        return np.asarray(self.layout.before(sound) + first + self.layout.after(behind))


def difficulty_of(evidence: Evidence) -> IntArray:
    """Whether fresh attempts at the question mostly succeed; unseen without attempts."""
    tries = evidence.question_tries
    share = (evidence.question_hits + 1) / (tries + 1.5)
    return np.where(tries == 0, UNSEEN, np.where(share >= _EASY_FROM, EASY, HARD))


def n_sources(evidence: Evidence) -> IntArray:
    """(n_traces,) How many families of raters, and rollouts, speak of each trace."""
    n, family = evidence.n_traces, np.unique(evidence.raters.family, return_inverse=True)[1]
    most = max(len(family), 1)
    who = [rows.trace * most + family[rows.rater] for rows in (evidence.reports, evidence.verdicts)]
    families = np.unique(np.concatenate(who)) // most
    rolled = np.unique(evidence.rollouts.trace)
    return np.bincount(families, minlength=n) + np.bincount(rolled, minlength=n)
