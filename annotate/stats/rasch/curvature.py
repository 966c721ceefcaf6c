r"""Newton steps for all measures and thresholds at once, by conjugate gradients.

The information of measures and running sums of thresholds (:math:`\beta`, c) is

.. math:: A = \begin{pmatrix} J^T V J + D & -J^T M \\ -M^T J & H \end{pmatrix}

with J the signs of the elements in each rating, V, M and H the moments and D the precision of the priors. It is never
written down: a product with a direction is one pass over the table. Without priors A has a null direction for every
facet but one (what one facet gains another loses); the right-hand side has no part in it, so conjugate gradients stay
clear of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from annotate.stats.codes import BoolArray, FloatArray
from annotate.stats.rasch.compiled import compiled_turn
from annotate.stats.rasch.design import Design
from annotate.stats.rasch.moments import Moments
from annotate.stats.rasch.priors import Prior
from annotate.stats.rasch.steps import Steps

_MOST_TURNS = 2000
_FLOOR = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Curvature:
    """A, with what is fixed left out.

    Attributes
    ----------
    prior : Prior
    is_free : (n_elements,) bool
    """

    design: Design
    steps: Steps
    moments: Moments
    prior: Prior
    is_free: BoolArray

    @property
    def information(self) -> FloatArray:
        """(n_elements,) diagonal of A, anchored elements included."""
        return self.by_ratings + self.prior.precision

    @property
    def by_ratings(self) -> FloatArray:
        """(n_elements,) what the ratings alone say of each element, all others held."""
        return self.design.gathered(self.moments.variance, signed=False)

    def turned(self, along: FloatArray, step_along: FloatArray) -> tuple[FloatArray, FloatArray]:
        """A times a direction, which must be 0 wherever something is fixed."""
        out = np.zeros_like(along)
        step_out = np.einsum("gkj,gj->gk", self.moments.step_variance, step_along)
        turn = compiled_turn()
        ratings = self.design.ratings
        if turn is not None:
            turn(
                self.design.index,
                self.design.sign,
                along,
                step_along,
                ratings.scale.codes,
                self.moments.variance,
                self.moments.mixed,
                out,
                step_out,
            )
        else:
            spread = self.design.spread(along)
            back = self.moments.variance * spread
            n_scales, n_categories = step_along.shape
            for k in range(1, n_categories - 1):
                mixed = self.moments.mixed[:, k - 1]
                back -= mixed * step_along[ratings.scale.codes, k]
                step_out[:, k] -= np.bincount(ratings.scale.codes, mixed * spread, n_scales)
            out = self.design.gathered(back)
        out += self.prior.pull(along)
        return self._allowed(out), np.where(self.steps.free, step_out, 0.0)

    def _allowed(self, along: FloatArray) -> FloatArray:
        """The part of a direction that leaves what is fixed, and the means of groups that are."""
        return self.design.within_groups(np.where(self.is_free, along, 0.0), self.is_free)

    def solved(
        self, right: FloatArray, step_right: FloatArray, *, tolerance: float
    ) -> tuple[FloatArray, FloatArray]:
        """A⁻¹ times the right-hand side, to a relative residual."""
        diagonal = np.maximum(self.information, _FLOOR)
        blocks = self._step_blocks()
        rest, step_rest = self._allowed(right), np.where(self.steps.free, step_right, 0.0)
        found, step_found = np.zeros_like(rest), np.zeros_like(step_rest)
        near, step_near = self._allowed(rest / diagonal), np.einsum("gkj,gj->gk", blocks, step_rest)
        along, step_along = near, step_near
        size = first = _product(rest, near) + _product(step_rest, step_near)
        for _ in range(_MOST_TURNS):
            if not size > tolerance * tolerance * first:
                break
            turned, step_turned = self.turned(along, step_along)
            bend = _product(along, turned) + _product(step_along, step_turned)
            if bend <= 0:
                break
            length = size / bend
            found, step_found = found + length * along, step_found + length * step_along
            rest, step_rest = rest - length * turned, step_rest - length * step_turned
            near, step_near = self._allowed(rest / diagonal), np.einsum("gkj,gj->gk", blocks, step_rest)
            before, size = size, _product(rest, near) + _product(step_rest, step_near)
            along, step_along = near + size / before * along, step_near + size / before * step_along
        return found, step_found

    def _step_blocks(self) -> FloatArray:
        """(G, K, K) inverses of each scale's own block over its free sums, 0 elsewhere."""
        free = self.steps.free
        both = free[:, :, None] & free[:, None, :]
        block = np.where(both, self.moments.step_variance, 0.0)
        n_categories = free.shape[1]
        fill = np.eye(n_categories) * ~free[:, :, None]
        ridge = _FLOOR + 1e-9 * np.trace(block, axis1=1, axis2=2)[:, None, None]
        inverse = np.linalg.inv(block + fill + ridge * np.eye(n_categories))
        return np.asarray(np.where(both, inverse, 0.0))


def _product(a: FloatArray, b: FloatArray) -> float:
    # Not a BLAS product: its threads spin for longer than these short vectors take.
    return float((a * b).sum())
