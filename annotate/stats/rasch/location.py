"""Where 0 is on the scale: only differences mean anything, so every facet needs a place of its own."""

from __future__ import annotations

import numpy as np

from annotate.stats.codes import FloatArray
from annotate.stats.rasch.design import Design


def centred(design: Design, measures: FloatArray) -> FloatArray:
    """Every facet but the first without anchors moved to mean 0; that one takes up what they lose."""
    free = [place for place, part in enumerate(design.slices) if not design.is_held[part].any()]
    if len(free) < 2:
        return measures
    return _moved(design, measures, free[1:], free[0])


def levelled(design: Design, measures: FloatArray) -> FloatArray:
    """Random facets moved to mean 0; the first facet of parameters takes up the level, if there is one."""
    if design.is_anchored.any():
        return centred(design, measures)
    facets = design.ratings.facets
    carrier = next((place for place, facet in enumerate(facets) if place and not facet.is_random), 0)
    return _moved(design, measures, [place for place in range(len(facets)) if place != carrier], carrier)


def _moved(design: Design, measures: FloatArray, from_: list[int], to: int) -> FloatArray:
    moved = measures.copy()
    for place in from_:
        part = design.slices[place]
        if np.isnan(moved[part]).all():
            continue
        mean = float(np.nanmean(moved[part]))
        moved[part] -= mean
        moved[design.slices[to]] += design.sign[place] * design.sign[to] * mean
    return moved
