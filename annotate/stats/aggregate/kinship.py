r"""What a label counts beside those of raters of one family, such as judges of one base model.

Models of raters take them for independent, so five who make the same mistakes are a majority whom nobody can outvote.
The agreement of two relatives is compared with what it would be were they independent given the truth,

.. math::

    \rho_{jk} = \frac{A_{jk} - E_{jk}}{1 - E_{jk}}, \qquad
    E_{jk} = \sum_i \sum_t q_i(t) \sum_l \theta_{jtl} \theta_{ktl},

where q, and with it both tables, come from those outside the family alone, and a label counts :math:`1 / (1 + \sum_k
\rho_{jk})` beside its relatives on the same unit: n alike are worth :math:`n / (1 + (n - 1) \rho)` (Kish 1965), as for
readings of first errors (`annotate.stats.locate.dependence`).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from annotate.stats.aggregate.answers import Answers
from annotate.stats.aggregate.dawid_skene import dawid_skene
from annotate.stats.codes import BoolArray, FloatArray, IntArray
from annotate.stats.coincidence import meetings
from annotate.stats.locate.dependence import Dependence, pair_code
from annotate.stats.locate.evidence import Raters
from annotate.stats.locate.sums import sums
from annotate.stats.table import LongTable

# Labels for which the rows of the whole family count beside one's own.
_LEANING = 5.0
# A fit that only serves to say how alike relatives are may end sooner.
_ITERATIONS = 100
_ROUNDS = 30
# Labels that are weighed at once.
_PART = 200_000


@dataclass(frozen=True, slots=True, eq=False)
class Kinship:
    """How alike the relatives among the raters of a table err; `place` numbers the raters."""

    place: Mapping[Hashable, int]
    dependence: Dependence
    # Of those who have relatives, their row in a square of what they say twice: it is asked for at every step.
    _row: Mapping[Hashable, int] = field(init=False, repr=False)
    _alike: FloatArray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        family = self.dependence.raters.family
        has_kin = np.bincount(family)[family] > 1
        names = [name for name, at in self.place.items() if has_kin[at]]
        rater = np.array([self.place[name] for name in names], dtype=np.int64)
        one, other = np.meshgrid(rater, rater, indexing="ij")
        alike = self.dependence.of(one.ravel(), other.ravel()).reshape(one.shape)
        np.fill_diagonal(alike, 0.0)
        object.__setattr__(self, "_row", {name: row for row, name in enumerate(names)})
        object.__setattr__(self, "_alike", alike)

    def weights(self, raters: Iterable[Hashable]) -> FloatArray:
        """What the labels of these raters on one unit count; whoever is not known counts in full."""
        row = [self._row.get(rater, -1) for rater in raters]
        found = np.ones(len(row))
        at = [where for where, one in enumerate(row) if one >= 0]
        if len(at) > 1:
            kin = [row[where] for where in at]
            found[at] = 1 / (1 + self._alike[np.ix_(kin, kin)].sum(axis=1))
        return found

    def weighed(self, table: LongTable) -> LongTable:
        """The table, every label counting what it does beside its relatives; the same where there are none."""
        here = np.array([self.place.get(rater, -1) for rater in table.rater.vocab], dtype=np.int64)
        rater, unit, family = here[table.rater.codes], table.unit, self.dependence.raters.family
        order = np.argsort(unit, kind="stable")
        order, weight = order[rater[order] >= 0], np.ones(len(table))
        # Large families make many pairs, so units are taken by the part.
        starts = np.flatnonzero(np.diff(unit[order], prepend=-1) > 0)
        at = np.searchsorted(starts, np.arange(0, len(order), _PART), side="right") - 1
        for rows in np.split(order, np.unique(starts[at])[1:]):
            one, other = _relatives(unit[rows], rater[rows], family)
            if len(one):
                weight[rows] = self.dependence.weights(rater[rows], one, other)
        if (weight == 1).all():
            return table
        return replace(table, weight=weight if table.weight is None else weight * table.weight)


def kinship(
    table: LongTable, family: Mapping[Hashable, Hashable], known: Mapping[Hashable, Hashable] | None = None
) -> Kinship:
    """How alike relatives err; `family` maps raters to theirs, and whoever is not in it is a family of one.

    Raises `NotEstimable` where no label counts.

    Examples
    --------
    >>> table = LongTable.from_columns(
    ...     item=[1, 1, 1, 2, 2, 2] * 20, rater=["ann", "q7", "q14"] * 40, value=[1, 1, 1, 0, 1, 1] * 20,
    ...     repeats="keep")
    >>> found = kinship(table, {"q7": "qwen", "q14": "qwen"})
    >>> found.weights(["ann", "q7"]).tolist(), bool(found.weights(["ann", "q7", "q14"]).sum() < 2.2)
    ([1.0, 1.0], True)
    """
    raters = table.rater.vocab
    numbers: dict[Hashable, int] = {}
    names = [("family", family[rater]) if rater in family else ("alone", rater) for rater in raters]
    codes = np.array([numbers.setdefault(name, len(numbers)) for name in names], dtype=np.int64)
    everybody = Raters.of(np.zeros(len(raters), dtype=np.int64), codes)
    assumed = Dependence.assumed(everybody)
    start = Kinship({rater: at for at, rater in enumerate(raters)}, assumed)
    one, other = _relatives(table.unit, table.rater.codes, codes)
    if not len(one):
        return start
    heard, of_pair = start.weighed(table), codes[table.rater.codes[one]]
    parts = [
        _compared(heard, one[of_pair == number], other[of_pair == number], codes == number, known)
        for number in np.unique(of_pair).tolist()
    ]
    pair, agrees, expected, is_told, is_known = (
        np.concatenate(column) for column in zip(*parts, strict=True)
    )
    # Skill is told from likeness by those who stand outside; where nobody does, likeness is what is assumed, or more.
    apart, where = np.unique(pair, return_index=True)
    floor = np.where(is_told[where], 0.0, assumed.of(*np.divmod(apart, len(raters))))
    least = Dependence(everybody, apart, floor, np.zeros(len(apart)))
    found = Dependence.estimated(everybody, pair, agrees, expected, is_known.astype(np.float64), least=least)
    return replace(start, dependence=found)


def _relatives(unit: IntArray, rater: IntArray, family: IntArray) -> tuple[IntArray, IntArray]:
    """Rows of every two labels that different raters of one family gave to one unit."""
    key = unit * (len(family) + 1) + family[rater]
    order = np.argsort(key, kind="stable")
    one, other = meetings(key[order])
    one, other = order[one], order[other]
    differ = rater[one] != rater[other]
    return one[differ], other[differ]


def _compared(
    table: LongTable,
    one: IntArray,
    other: IntArray,
    is_kin: BoolArray,
    known: Mapping[Hashable, Hashable] | None,
) -> tuple[IntArray, FloatArray, FloatArray, BoolArray, BoolArray]:
    """Of the pairs of rows of one family: whose they are, whether they agree, the chance of that, and whether others
    have spoken, or the truth is known.
    """
    belief, is_told, is_known = _by_others(table, is_kin, known)
    rater, level = table.rater.codes, table.value.codes
    # Where nobody else has spoken nothing is known of the truth; if that is everywhere, all agreement is likeness.
    if is_told[table.unit[one]].any():
        one, other = one[is_told[table.unit[one]]], other[is_told[table.unit[one]]]
    unit = table.unit[one]
    rows = _rows(table, belief, is_told, is_kin)
    alike = np.einsum("jtl,ktl->jkt", rows, rows)
    place = np.cumsum(is_kin) - 1
    expected = (belief[unit] * alike[place[rater[one]], place[rater[other]]]).sum(axis=1)
    return (
        pair_code(rater[one], rater[other], len(is_kin)),
        (level[one] == level[other]).astype(np.float64),
        np.clip(expected, 0.0, 1.0),
        is_told[unit],
        is_known[unit],
    )


def _by_others(
    table: LongTable, is_kin: BoolArray, known: Mapping[Hashable, Hashable] | None
) -> tuple[FloatArray, BoolArray, BoolArray]:
    """(n_units, n_levels) what those outside the family believe; of which units they do, and which are known."""
    n_units, n_levels = int(table.unit.max()) + 1, len(table.value.vocab)
    share = np.bincount(table.value.codes, minlength=n_levels) / len(table)
    belief = np.repeat(share[None], n_units, axis=0)
    is_told, is_known = np.zeros(n_units, dtype=np.bool_), np.zeros(n_units, dtype=np.bool_)
    others = table.where(~is_kin[table.rater.codes])
    if len(others) and n_levels > 1:
        fit = dawid_skene(others, known=known, max_iter=_ITERATIONS)
        units = np.unique(others.unit)
        belief[units], is_told[units] = fit.posterior, True
    answers = Answers.of(table, known)
    units, right = np.unique(table.unit)[answers.is_known], answers.known[answers.is_known]
    belief[units] = np.eye(n_levels)[right]
    is_told[units] = is_known[units] = True
    return belief, is_told, is_known


def _rows(table: LongTable, belief: FloatArray, is_told: BoolArray, is_kin: BoolArray) -> FloatArray:
    """(n_kin, true, given) what each relative says at each level, leaning on the family.

    The most probable tables under what others believe, by EM. Counting labels by belief instead would take the others'
    doubts for the relatives' mistakes, and skill for likeness.
    """
    n_levels, n_kin = belief.shape[1], int(is_kin.sum())
    here = is_kin[table.rater.codes] & (is_told[table.unit] | ~is_told.any())
    place = (np.cumsum(is_kin) - 1)[table.rater.codes[here]]
    level, told = table.value.codes[here], belief[table.unit[here]]
    cell, share = place * n_levels + level, told
    for _ in range(_ROUNDS):
        counts = np.stack(
            [
                sums(cell, share[:, true], n_kin * n_levels).reshape(n_kin, n_levels)
                for true in range(n_levels)
            ],
            axis=1,
        )
        pooled = counts.sum(axis=0) + 0.1
        leaning = counts + _LEANING * pooled / pooled.sum(axis=1, keepdims=True)
        rows = leaning / leaning.sum(axis=2, keepdims=True)
        joint = told * rows[place, :, level]
        share = joint / joint.sum(axis=1, keepdims=True)
    return np.asarray(rows)
