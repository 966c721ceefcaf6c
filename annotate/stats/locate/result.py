"""What is believed of every trace and step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from annotate.stats.codes import FloatArray, IntArray
from annotate.stats.locate.evidence import NO_ERROR
from annotate.stats.locate.layout import Layout


@dataclass(frozen=True, slots=True, eq=False)
class LocationPosterior:
    """Probabilities of the places of every trace, in the order of `layout`.

    Attributes
    ----------
    layout : Layout
    probability : (n_places,) float array
        Of the first error being there; a trace's last place is "no error".
    """

    layout: Layout
    probability: FloatArray

    def of(self, trace: int) -> FloatArray:
        """(M + 1,) of one trace."""
        begin, end = self.layout.start[trace : trace + 2]
        return self.probability[begin:end]

    @property
    def best(self) -> IntArray:
        """(n_traces,) The most probable place, the earlier where two are equal; `NO_ERROR` for none."""
        layout = self.layout
        top = np.maximum.reduceat(self.probability, layout.start[:-1]) if layout.n_traces else np.zeros(0)
        is_top = np.flatnonzero(self.probability == top[layout.trace])
        _, first = np.unique(layout.trace[is_top], return_index=True)
        place = layout.place[is_top[first]]
        return np.where(place == layout.length, NO_ERROR, place)

    @property
    def confidence(self) -> FloatArray:
        """(n_traces,) Probability of `best`."""
        return np.asarray(np.maximum.reduceat(self.probability, self.layout.start[:-1]))

    @property
    def none(self) -> FloatArray:
        """(n_traces,) Probability that there is no error."""
        return self.probability[self.layout.start[1:] - 1]

    @property
    def correct(self) -> FloatArray:
        """(n_steps,) P(correct): the first error comes later, or never. Falls along a trace."""
        later = np.clip(self.layout.after(self.probability), 0.0, 1.0)
        return np.asarray(later[~self.layout.is_none])

    @property
    def first(self) -> FloatArray:
        """(n_steps,) Probability that the step is the first error."""
        return self.probability[~self.layout.is_none]

    @property
    def entropy(self) -> FloatArray:
        """(n_traces,) In nats."""
        p = np.maximum(self.probability, 1e-300)
        return self.layout.total(-p * np.log(p))
