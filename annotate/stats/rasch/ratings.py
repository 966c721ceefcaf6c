"""What a Rasch model reads: categories given, and for every rating one element of each facet."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Self, TypeAlias

import numpy as np

from annotate.errors import Rejected
from annotate.stats.codes import BoolArray, Codes, Column, FloatArray, IntArray, first_row
from annotate.stats.table import LongTable

ThresholdsBy: TypeAlias = str | None
Sign: TypeAlias = Literal[1, -1]


@dataclass(frozen=True, slots=True, eq=False)
class Facet:
    """One reason why a rating is high or low: an item's measure, a rater's severity, a criterion's difficulty.

    Attributes
    ----------
    name : str
    elements : Codes
        Which element each of the n ratings is about.
    sign : {1, -1}
        Whether more of it raises (an item's measure) or lowers the rating (severity, difficulty).
    anchors : (n_elements,) float array
        Measures that are known, in logits; NaN where they are to be estimated.
    group : (n_elements,) int array
        Elements of one group are anchored by their mean alone; −1 for those of none.
    group_mean : (n_groups,) float array
    population : (n_elements,) int array
        Elements of one population (people, machines) share a mean and a variance in ``eb``.
    is_random : bool
        Whether ``eb`` takes the elements for draws from their populations; if not, each is a parameter.
    """

    name: str
    elements: Codes
    sign: Sign
    anchors: FloatArray
    population: IntArray
    is_random: bool
    group: IntArray
    group_mean: FloatArray

    @classmethod
    def of(
        cls,
        name: str,
        elements: Codes,
        *,
        sign: Sign = -1,
        anchors: Mapping[Hashable, float] | None = None,
        groups: Sequence[Mapping[Hashable, float]] = (),
        population: Mapping[Hashable, Hashable] | None = None,
        is_random: bool = True,
    ) -> Self:
        """``groups`` are known measures of which only the mean over each group is held, not each.

        Raises `Rejected` for an anchor that names no element or is no finite number, and for an element that is
        anchored twice.
        """
        place = {key: code for code, key in enumerate(elements.vocab)}
        known = np.full(len(place), np.nan)
        group = np.full(len(place), -1, dtype=np.int64)
        for number, given in enumerate([anchors or {}, *groups], start=-1):
            for key, value in given.items():
                if key not in place:
                    raise Rejected(f"an anchor names {key!r}, which is no {name}", field=name)
                if not np.isfinite(value):
                    raise Rejected(f"the anchor of {key!r} is no finite number", field=name)
                if not np.isnan(known[place[key]]) or group[place[key]] >= 0:
                    raise Rejected(f"{key!r} is anchored twice", field=name)
                if number < 0:
                    known[place[key]] = value
                group[place[key]] = number
        means = np.array([float(np.mean(list(given.values()))) for given in groups])
        kinds: dict[Hashable, int] = {}
        kind = [kinds.setdefault((population or {}).get(key), len(kinds)) for key in elements.vocab]
        return cls(name, elements, sign, known, np.array(kind, dtype=np.int64), is_random, group, means)

    def __len__(self) -> int:
        return len(self.elements.vocab)


@dataclass(frozen=True, slots=True, eq=False)
class Ratings:
    """n ratings of a many-facet Rasch model.

    Attributes
    ----------
    facets : tuple of Facet
        The first is what is measured (items); the others are usually centred.
    value : (n,) int array
        Category 0..m, or the number of successes where `trials` is above 0.
    trials : (n,) int array
        Binomial trials, 0 for a rating on a scale.
    weight : (n,) float array
    scale : Codes
        Which set of thresholds a rating is given on; one for all is the rating scale model, one per criterion
        partial credit, one per rater a rater's own use of the scale.
    levels : tuple
        Name of each category.
    known_sums : (n_scales, n_levels) float array
        Running sums of the thresholds of a scale that are known; NaN in the rows of the others.
    """

    facets: tuple[Facet, ...]
    value: IntArray
    trials: IntArray
    weight: FloatArray
    scale: Codes
    levels: tuple[Hashable, ...]
    known_sums: FloatArray

    @classmethod
    def of(
        cls,
        facets: Sequence[Facet],
        value: Column,
        *,
        trials: Column | None = None,
        weight: Sequence[float] | FloatArray | None = None,
        thresholds_by: ThresholdsBy = None,
        thresholds: Mapping[Hashable, Sequence[float]] | None = None,
        levels: Sequence[Hashable] | None = None,
    ) -> Self:
        """Check and put together.

        Parameters
        ----------
        facets : sequence of Facet
            At least one, all about the same n ratings.
        value : column of n integers
            Categories from 0 up (or counts, where `trials` says so).
        trials : column of n integers, optional
            0 for a rating on a scale, else the number of trials of which `value` succeeded.
        weight : sequence of n finite numbers >= 0, optional
            What a rating counts; 2 is the rating given twice.
        thresholds_by : name of a facet, optional
            Elements of this facet have thresholds of their own.
        thresholds : mapping, optional
            What is known of a scale, by its name (``'all'`` where there is one): a threshold in logits for every
            two neighbouring levels. They need not add up to 0.
        levels : sequence, optional
            Names of the categories; their numbers otherwise.

        Raises
        ------
        Rejected
            No ratings; columns of unequal length; a value that is no category, or more successes than trials;
            a bad weight; an unknown facet; thresholds of no scale, or not one for every step. Names the row.
        """
        values = _whole(value, "value")
        n = len(values)
        counts = np.zeros(n, dtype=np.int64) if trials is None else _whole(trials, "trials")
        weights = np.ones(n) if weight is None else np.asarray(weight, dtype=np.float64)
        lengths = {"value": n, "trials": len(counts), "weight": len(weights)}
        lengths |= {facet.name: len(facet.elements.codes) for facet in facets}
        if len(set(lengths.values())) > 1:
            raise Rejected(f"columns differ in length: {lengths}", field=", ".join(lengths))
        if not n or not facets:
            raise Rejected("there is no rating", field="value")
        _refuse(~(np.isfinite(weights) & (weights >= 0)), "a weight must be a finite number >= 0", "weight")
        _refuse((counts > 0) & (values > counts), "there are more successes than trials", "value")
        rated = counts == 0
        if levels is not None:
            _refuse(rated & (values >= len(levels)), f"there are only {len(levels)} levels", "value")
        names = tuple(levels) if levels is not None else tuple(range(int(values[rated].max(initial=0)) + 1))
        scale = Codes(np.zeros(n, dtype=np.int64), ("all",))
        if thresholds_by is not None:
            scale = _facet_named(facets, thresholds_by).elements
        known = _known_sums(thresholds or {}, scale.vocab, len(names))
        return cls(tuple(facets), values, counts, weights, scale, names, known)

    @classmethod
    def from_table(
        cls,
        table: LongTable,
        *,
        trials: Column | None = None,
        thresholds_by: ThresholdsBy = None,
        thresholds: Mapping[Hashable, Sequence[float]] | None = None,
        anchors: Mapping[str, Mapping[Hashable, float]] | None = None,
        groups: Mapping[str, Sequence[Mapping[Hashable, float]]] | None = None,
        population: Mapping[Hashable, Hashable] | None = None,
    ) -> Self:
        """Items, raters and (where the table has them) criteria; the levels must be in order.

        Where ``trials`` (one number per row of the table) is above 0 the label is a count of successes, and its
        number is no level of the scale.

        Raises `Rejected` as `of` does, with rows of the table, and for labels without an order.

        Examples
        --------
        >>> table = LongTable.from_columns(["a", "a", "b"], ["eve", "bob", "eve"], [0, 1, 2])
        >>> ratings = Ratings.from_table(table)
        >>> [facet.name for facet in ratings.facets], ratings.value.tolist()
        (['item', 'rater'], [0, 1, 2])
        """
        if not table.ordered:
            raise Rejected("a Rasch model needs numbers or levels given in order", field="levels")

        def facet(name: str, elements: Codes, **more: Any) -> Facet:
            known, held = (anchors or {}).get(name), (groups or {}).get(name, ())
            return Facet.of(name, elements, anchors=known, groups=held, **more)

        facets = [facet("item", table.item, sign=1), facet("rater", table.rater, population=population)]
        if table.criterion is not None:
            facets.append(facet("criterion", table.criterion, is_random=False))
        value, levels = table.value.codes, table.value.vocab
        if trials is not None:
            value, levels = _counts_and_levels(table, _whole(trials, "trials"))
        return cls.of(
            facets,
            value,
            trials=trials,
            weight=table.weight,
            thresholds_by=thresholds_by,
            thresholds=thresholds,
            levels=levels,
        )

    def __len__(self) -> int:
        return len(self.value)

    @property
    def n_categories(self) -> int:
        return len(self.levels)

    def facet(self, name: str) -> Facet:
        return _facet_named(self.facets, name)

    def place(self, name: str) -> int:
        return self.facets.index(self.facet(name))

    def where(self, keep: BoolArray) -> Ratings:
        """The ratings where the (n,) mask is true; elements keep their places."""
        facets = tuple(replace(one, elements=one.elements.take(keep)) for one in self.facets)
        return Ratings(
            facets,
            self.value[keep],
            self.trials[keep],
            self.weight[keep],
            self.scale.take(keep),
            self.levels,
            self.known_sums,
        )


def _counts_and_levels(table: LongTable, trials: IntArray) -> tuple[IntArray, tuple[Hashable, ...]]:
    """(n,) counts where there are trials, else places among the levels that the other rows have."""
    if table.scores is None:
        raise Rejected("a count of trials must be a number", field="value")
    if len(trials) != len(table):
        raise Rejected(f"there are {len(trials)} trials for {len(table)} labels", field="trials")
    counted = trials > 0
    used, place = np.unique(table.value.codes[~counted], return_inverse=True)
    value = table.scores[table.value.codes]
    value[~counted] = place
    return _whole(value, "value"), tuple(table.value.vocab[code] for code in used) or (0,)


def _known_sums(
    thresholds: Mapping[Hashable, Sequence[float]], scales: tuple[Hashable, ...], n_levels: int
) -> FloatArray:
    """(n_scales, n_levels)"""
    sums = np.full((len(scales), n_levels), np.nan)
    for name, steps in thresholds.items():
        if name not in scales:
            raise Rejected(f"there is no scale {name!r}", field="thresholds")
        known = np.asarray(steps, dtype=np.float64)
        if known.shape != (n_levels - 1,) or not np.isfinite(known).all():
            raise Rejected(
                f"the scale {name!r} needs {n_levels - 1} finite thresholds, one for every step",
                field="thresholds",
            )
        sums[scales.index(name)] = np.concatenate([[0.0], np.cumsum(known)])
    return sums


def _facet_named(facets: Sequence[Facet], name: str) -> Facet:
    found = [facet for facet in facets if facet.name == name]
    if not found:
        raise Rejected(f"no facet is called {name!r}", field="facets")
    return found[0]


def _whole(column: Column, name: str) -> IntArray:
    """Whole numbers from 0 up; the first that is none is named."""
    try:
        numbers = np.asarray(column, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise Rejected(f"not all are numbers: {error}", field=name) from error
    good = np.isfinite(numbers) & (numbers >= 0) & (numbers == np.floor(numbers))
    _refuse(~good, "must be a whole number from 0 up", name)
    return numbers.astype(np.int64)


def _refuse(bad: BoolArray, reason: str, name: str) -> None:
    if bad.any():
        raise Rejected(reason, row=first_row(bad), field=name)
