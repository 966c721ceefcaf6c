r"""Whether raters become stricter or milder over time.

Every rater has a severity of his own in every window, with items, criteria and thresholds held: an offset b of the cell
(see `offsets`), of which items have swallowed all but the share r, makes :math:`\hat\lambda_{jt} = \lambda_j \pm b / r`
with variance :math:`1 / (r \sum V)`. Each window is tested against the mean of the rater's windows, and all of them
together by the fixed chi-square :math:`\sum_t w d^2` with T − 1 degrees of freedom. For looking at, the windows are
smoothed as a random walk (see `walk`).

Drift is told from a change of the items only by items that were rated in several windows.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from annotate.errors import Rejected
from annotate.stats.chi_square import chi_square_tail
from annotate.stats.codes import Codes, FloatArray
from annotate.stats.many_tests import holm
from annotate.stats.rasch.bias import ADJUSTMENT, LEAST_RESOLVED
from annotate.stats.rasch.held import Held
from annotate.stats.rasch.offsets import Cells
from annotate.stats.rasch.ratings import Ratings
from annotate.stats.rasch.result import RaschFit
from annotate.stats.rasch.separation import ChiSquare
from annotate.stats.rasch.structure import components
from annotate.stats.rasch.walk import Walk, smooth
from annotate.stats.student import student_p

FEW_SHARED = 0.1
"""Share of a window's ratings about items rated in other windows too, below which a warning is due."""


@dataclass(frozen=True, slots=True, eq=False)
class Drift:
    """J raters in T windows; NaN where a rater has no ratings in a window, or nothing can be told from them.

    Attributes
    ----------
    n : (J, T) float array
    severity, se : (J, T) float arrays
        Measure of the rater facet in each window, logits, from the ratings of the window alone.
    deviation, t, p, holm : (J, T) float arrays
        From the mean of the rater's own windows; t with n − 1 degrees of freedom; p corrected for all cells.
    per_rater : tuple of ChiSquare or None
        Are all windows of the rater equal? None for raters with fewer than two.
    all_raters : ChiSquare or None
    walk : Walk
        Smoothed severities, and the size of a step.
    shared : (T,) float array
        Share of the window's ratings about items that were rated in other windows too.
    n_subsets : int
        Groups of windows that share no item with each other.
    """

    elements: tuple[Hashable, ...]
    windows: tuple[Hashable, ...]
    n: FloatArray
    severity: FloatArray
    se: FloatArray
    deviation: FloatArray
    t: FloatArray
    p: FloatArray
    holm: FloatArray
    per_rater: tuple[ChiSquare | None, ...]
    all_raters: ChiSquare | None
    walk: Walk
    shared: FloatArray
    n_subsets: int

    @property
    def warnings(self) -> tuple[str, ...]:
        """What to know before reading a number."""
        said = []
        if self.n_subsets > 1:
            said.append(
                f"the windows fall into {self.n_subsets} groups that share no item: between them, raters who all "
                f"become stricter look like items that become worse"
            )
        few = [
            str(window)
            for window, share, n in zip(self.windows, self.shared, self.n.sum(axis=0), strict=True)
            if n > 0 and share < FEW_SHARED
        ]
        if few and len(self.windows) > 1:
            said.append(f"hardly any item of these windows was rated in another one: {', '.join(few)}")
        return tuple(said)


def find_drift(
    fit: RaschFit,
    window: Codes,
    *,
    rater: str = "rater",
    times: Sequence[float] | None = None,
    ratings: Ratings | None = None,
) -> Drift:
    """Severities by window.

    Parameters
    ----------
    fit : RaschFit
        By any estimator, of all windows together.
    window : Codes
        When each rating was given; the vocabulary is in the order of time.
    rater : name of a facet
    times : sequence of T rising numbers, optional
        When the windows were; one unit apart otherwise.
    ratings : Ratings, optional
        See `Held.of`.

    Raises
    ------
    Rejected
        Times that do not rise, or too few of them; a window column of another length.

    Examples
    --------
    >>> from annotate.stats.simulate import Scenario, simulate_ratings
    >>> from annotate.stats.rasch.fit import fit_rasch
    >>> made = simulate_ratings(Scenario(n_items=300, n_raters=8, n_windows=4, drift_sd=0.5), seed=1)
    >>> drift = find_drift(fit_rasch(made.ratings), made.window)
    >>> drift.severity.shape, drift.all_raters.p < 0.001, drift.warnings
    ((8, 4), True, ())
    """
    held = Held.of(fit, ratings)
    column = held.codes(window)
    n_windows = len(column.vocab)
    time = _rising(times, n_windows)
    facet = held.ratings.facet(rater)
    shape = (len(facet), n_windows)
    cells = Cells.of(held, facet.elements.codes * n_windows + column.codes, shape[0] * n_windows)
    size, information = cells.solved(adjustment=ADJUSTMENT)
    share = cells.resolved(but=[rater])
    told = (np.nan_to_num(share) >= LEAST_RESOLVED) & (information > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.where(told, 1 / (share * information), np.nan).reshape(shape)
        moved = facet.sign * np.where(told, size / share, np.nan).reshape(shape)
    severity = fit.facet(rater).measure[:, None] + moved
    tests = _Tests.of(severity, variance)
    p = student_p(tests.t, cells.n.reshape(shape) - 1)
    shared, n_subsets = _links(held, column)
    return Drift(
        facet.elements.vocab,
        column.vocab,
        cells.n.reshape(shape),
        severity,
        np.sqrt(variance),
        tests.deviation,
        tests.t,
        p,
        holm(p.ravel()).reshape(shape),
        tests.per_rater,
        tests.all_raters,
        smooth(severity, variance, time),
        shared,
        n_subsets,
    )


def _rising(times: Sequence[float] | None, n_windows: int) -> FloatArray:
    if times is None:
        return np.arange(n_windows, dtype=np.float64)
    time = np.asarray(times, dtype=np.float64)
    if time.shape != (n_windows,):
        raise Rejected(f"there are {n_windows} windows but {time.size} times", field="times")
    if not (np.isfinite(time).all() and (np.diff(time) > 0).all()):
        raise Rejected("must rise from window to window", field="times")
    return time


@dataclass(frozen=True, slots=True, eq=False)
class _Tests:
    deviation: FloatArray
    t: FloatArray
    per_rater: tuple[ChiSquare | None, ...]
    all_raters: ChiSquare | None

    @classmethod
    def of(cls, severity: FloatArray, variance: FloatArray) -> _Tests:
        """Against the mean of each row, weighted by precision; the mean holds a part of every window."""
        weight = np.nan_to_num(1 / variance)
        total = weight.sum(axis=1, keepdims=True)
        count = (weight > 0).sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = (weight * np.nan_to_num(severity)).sum(axis=1, keepdims=True) / total
            left = np.where((weight > 0) & (count > 1)[:, None], variance - 1 / total, np.nan)
        deviation = np.where(np.isfinite(left), severity - mean, np.nan)
        squares = (weight * np.square(np.nan_to_num(deviation))).sum(axis=1)
        per_rater = tuple(
            _chi_square(float(square), int(n) - 1) if n > 1 else None
            for square, n in zip(squares, count, strict=True)
        )
        df = int(np.maximum(count - 1, 0).sum())
        everybody = _chi_square(float(squares[count > 1].sum()), df) if df else None
        return cls(deviation, deviation / np.sqrt(left), per_rater, everybody)


def _chi_square(value: float, df: int) -> ChiSquare:
    return ChiSquare(value, df, chi_square_tail(value, df))


def _links(held: Held, window: Codes) -> tuple[FloatArray, int]:
    """Per window the share of ratings about items seen in other windows, and how many groups share nothing."""
    item, n_windows = held.ratings.facets[0].elements, len(window.vocab)
    pair = np.unique(item.codes * n_windows + window.codes)
    several = np.bincount(pair // n_windows, minlength=len(item.vocab)) > 1
    n = np.bincount(window.codes, minlength=n_windows)
    shared = np.bincount(window.codes, several[item.codes], n_windows) / np.maximum(n, 1)
    root = components(pair % n_windows, pair // n_windows + n_windows, n_windows + len(item.vocab))
    return np.where(n > 0, shared, np.nan), len(np.unique(root[:n_windows][n > 0]))
