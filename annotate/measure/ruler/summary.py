"""What the pages show of a ruler besides its raters: questions with thresholds, steps, what separates, warnings."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from annotate.measure.ruler.cell_fit import number
from annotate.measure.ruler.fitting import CRITERION, ITEM, MACHINES, PEOPLE, RATER, Scale
from annotate.measure.ruler.labels import scope_and_key
from annotate.measure.ruler.raters import WIDEST_ERROR
from annotate.measure.ruler.targets import Targets
from annotate.stats.codes import FloatArray, IntArray
from annotate.stats.rasch.dependence import residual_dependence
from annotate.stats.rasch.result import FacetFit
from annotate.stats.rasch.separation import separation_of

BINS = 40
MOST_LISTED = 40
FEWEST_READINGS = 3
"""Ratings that a step needs to be listed as hard or as one that raters do not agree about."""
MOST_OVERLAP = 12
NOTABLE_TOGETHER, SURE_TOGETHER = 0.2, 0.01
"""Correlation of errors worth saying, and the chance below which it is said, corrected for the pairs looked at."""


def summary_of(scale: Scale, targets: Targets) -> dict[str, Any]:
    """JSON for `Ruler.detail`."""
    return {
        "questions": _questions(scale),
        "populations": _populations(scale),
        "separation": _separations(scale),
        "overlap": _overlap(scale),
        "warnings": _warnings(scale),
        "together": _together(scale),
        "items": _items(scale),
        "hardest": _listed(scale, targets, scale.fit.facet(ITEM).measure),
        "misfits": _listed(scale, targets, -scale.fit.facet(ITEM).outfit),
        "range": _range(scale),
    }


def _questions(scale: Scale) -> list[dict[str, Any]]:
    facet = scale.fit.facet(CRITERION)
    by_key = {one.criterion.pk: one for one in scale.labels.questions}
    return [
        {
            "criterion": key,
            "title": by_key[key].criterion.title,
            "scope": by_key[key].criterion.scope,
            "levels": [level.title for level in by_key[key].levels],
            "n": int(facet.n[c]),
            "n_unsure": _n_unsure(scale, key),
            **_place(facet, c),
            **{name: number(getattr(facet, name)[c]) for name in ("infit", "infit_z", "outfit", "outfit_z")},
            "thresholds": [
                {
                    "lower": int(one.lower),  # type: ignore[call-overload]
                    "upper": int(one.upper),  # type: ignore[call-overload]
                    "measure": one.measure,
                    "se": one.se,
                }
                for one in scale.fit.thresholds
                if one.scale == key
            ],
            **_use(scale, c, len(by_key[key].levels)),
        }
        for c, key in enumerate(scale.criterion_keys)
    ]


def _place(facet: FacetFit, c: int) -> dict[str, float | None]:
    """None where every answer is the same: the question then stands nowhere."""
    se = number(facet.se[c])
    is_known = se is not None and se < WIDEST_ERROR
    return {"measure": number(facet.measure[c]) if is_known else None, "se": se if is_known else None}


def _n_unsure(scale: Scale, criterion: int) -> int:
    labels = scale.labels
    return int(((labels.criterion == criterion) & (labels.level < 0)).sum())


def _use(scale: Scale, c: int, n_levels: int) -> dict[str, Any]:
    """How often each level is given, where steps that get it stand, and how well answers follow the steps."""
    own = scale.criterion_codes == c
    level = scale.columns.level[own]
    item = np.nan_to_num(scale.fit.facet(ITEM).measure)[scale.item_codes[own]]
    counts = np.bincount(level, minlength=n_levels)[:n_levels]
    total = np.bincount(level, item, n_levels)[:n_levels]
    return {
        "counts": counts.tolist(),
        "mean_item": [number(s / n) if n else None for s, n in zip(total, counts, strict=True)],
        "follows": _correlation(level.astype(np.float64), item),
    }


def _correlation(a: FloatArray, b: FloatArray) -> float | None:
    if len(a) < 3 or a.std() == 0 or b.std() == 0:
        return None
    return round(float(np.corrcoef(a, b)[0, 1]), 3)


def _populations(scale: Scale) -> list[dict[str, Any]]:
    kinds = scale.fit.design.ratings.facet(RATER).population
    is_machine = np.array([scale.labels.raters[key].is_machine for key in scale.rater_keys])
    found = []
    for one in scale.fit.populations:
        row = asdict(one)
        if one.facet == RATER:
            row["who"] = MACHINES if is_machine[kinds == one.kind].any() else PEOPLE
        found.append(row)
    return found


def _separations(scale: Scale) -> dict[str, Any]:
    facet = scale.fit.facet(RATER)
    is_machine = np.array([scale.labels.raters[key].is_machine for key in scale.rater_keys])
    found = {"items": _separation(scale.fit.facet(ITEM)), "raters": _separation(facet)}
    for name, chosen in ((PEOPLE, ~is_machine), (MACHINES, is_machine)):
        one = separation_of(
            facet.measure[chosen], facet.se[chosen], facet.real_se[chosen], is_shrunken=int(chosen.sum()) > 2
        )
        found[name] = None if one is None else _as_json(one)
    return found


def _separation(facet: FacetFit) -> dict[str, Any] | None:
    return None if facet.separation is None else _as_json(facet.separation)


def _as_json(one: Any) -> dict[str, Any]:
    spread = one.population
    return {
        "n": one.n,
        "sd": number(spread.sd),
        "separation": number(spread.separation),
        "strata": number(spread.strata),
        "reliability": number(spread.reliability),
        "rmse": number(one.rmse),
        "p_equal": number(one.fixed.p),
    }


def _overlap(scale: Scale) -> dict[str, Any] | None:
    """Reliability of a step's measure now, and what it would be with other numbers of readings (Spearman-Brown)."""
    separation = scale.fit.facet(ITEM).separation
    if separation is None or not 0 < separation.population.reliability < 1:
        return None
    readers = len(np.unique(scale.item_codes * len(scale.rater_keys) + scale.rater_codes))
    per_item = readers / max(1, len(scale.item_keys))
    now = separation.population.reliability
    one = now / (per_item - (per_item - 1) * now)
    if not 0 < one < 1:
        return None
    return {
        "readings": round(per_item, 2),
        "reliability": round(now, 4),
        "at": [round(k * one / (1 + (k - 1) * one), 4) for k in range(1, MOST_OVERLAP + 1)],
    }


def _warnings(scale: Scale) -> list[dict[str, Any]]:
    structure = scale.fit.structure
    titles = {one.criterion.pk: one for one in scale.labels.questions}
    found: list[dict[str, Any]] = []
    for link in structure.links:
        if link.n_subsets > 1:
            found.append({"code": "apart", "facets": list(link.facets), "n": link.n_subsets})
    for key, level in structure.unused:
        question = titles[key]  # type: ignore[index]
        title = question.levels[int(level)].title  # type: ignore[call-overload]
        found.append({"code": "unused", "question": question.criterion.title, "level": title})
    rater = scale.fit.design.slices[1]
    if few := int(structure.few[rater].sum()):
        found.append({"code": "few_labels", "n": few})
    if not scale.fit.converged:
        found.append({"code": "unfinished", "message": scale.fit.message})
    return found


def _together(scale: Scale) -> list[dict[str, Any]]:
    """Machines whose errors go together, most of all first: they are fewer independent voices than they seem."""
    machines = [key for key in scale.rater_keys if scale.labels.raters[key].is_machine]
    if len(machines) < 2:
        return []
    found = residual_dependence(scale.fit, rater=RATER, among=machines)
    told = np.flatnonzero((found.holm < SURE_TOGETHER) & (found.corrected >= NOTABLE_TOGETHER))
    name = {key: scale.labels.raters[key].name for key in machines}
    return [
        {
            "raters": [name[found.elements[place]] for place in (found.first[i], found.second[i])],
            "correlation": round(float(found.corrected[i]), 3),
            "n": int(found.n[i]),
        }
        for i in sorted(told.tolist(), key=lambda i: -found.corrected[i])[:MOST_LISTED]
    ]


def _items(scale: Scale) -> dict[str, Any]:
    measure = scale.fit.facet(ITEM).measure
    measure = measure[np.isfinite(measure)]
    counts, edges = np.histogram(measure, bins=BINS) if len(measure) else (np.zeros(0), np.zeros(0))
    return {
        "n": len(measure),
        "counts": counts.astype(int).tolist(),
        "edges": [round(float(edge), 4) for edge in edges],
        "mean": number(measure.mean()) if len(measure) else None,
        "sd": number(measure.std()) if len(measure) else None,
    }


def _listed(scale: Scale, targets: Targets, order: FloatArray) -> list[dict[str, Any]]:
    """The targets that come first in an order, of those with enough readings."""
    facet = scale.fit.facet(ITEM)
    can = np.flatnonzero((facet.n >= FEWEST_READINGS) & np.isfinite(order))
    first: IntArray = can[np.argsort(order[can], kind="stable")[:MOST_LISTED]]
    found = []
    for i in first.tolist():
        scope, key = scope_and_key(scale.item_keys[i])
        found.append(
            {
                "scope": scope,
                "key": key,
                "trace": int(targets.trace[i]),
                "n": int(facet.n[i]),
                **{name: number(getattr(facet, name)[i]) for name in ("measure", "se", "infit", "outfit")},
            }
        )
    return found


def _range(scale: Scale) -> list[float]:
    """Lowest and highest logit that anything but outlying steps stands at."""
    item = scale.fit.facet(ITEM).measure
    item = item[np.isfinite(item)]
    rater = scale.fit.facet(RATER).measure
    ends = [rater[np.isfinite(rater)]]
    if len(item):
        ends.append(np.quantile(item, (0.005, 0.995)))
    both = np.concatenate(ends)
    return [round(float(both.min(initial=-1.0)), 3), round(float(both.max(initial=1.0)), 3)]
