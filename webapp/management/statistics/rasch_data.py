"""What ``stats rasch`` answers, for programs: one object with a list for every facet."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from annotate.stats.rasch.result import FacetFit, RaschFit
from annotate.stats.rasch.separation import Separation
from annotate.stats.table import LongTable

# What a measure of each facet is called; high is able, severe, difficult.
MEASURES = {"item": "measure", "rater": "severity", "criterion": "difficulty"}


def data_of(fit: RaschFit, table: LongTable, kinds: Mapping[Hashable, Hashable] | None) -> dict[str, Any]:
    raters, items = fit.facet("rater").separation, fit.facet("item").separation
    population = next((one for one in fit.populations if one.facet == "item"), None)
    return {
        "converged": fit.converged,
        "log_likelihood": fit.log_likelihood,
        "deviance": fit.deviance,
        "estimator": fit.estimator,
        "message": fit.message,
        "n_iter": fit.n_iter,
        "n_labels": len(table),
        "n_without_label": table.n_missing,
        "n_repeated": table.n_repeated,
        "fit_statistics": fit.fit_kind,
        "structure": _structure(fit),
        "raters": [one | _kind(one, kinds) for one in _elements(fit, "rater")],
        "criteria": list(_elements(fit, "criterion")),
        "thresholds": [
            {
                "scale": one.scale,
                "lower": one.lower,
                "upper": one.upper,
                "threshold": one.measure,
                "se": one.se,
            }
            for one in fit.thresholds
        ],
        "reliability": None if raters is None else raters.population.reliability,
        "separation": None if raters is None else raters.population.separation,
        "strata": None if raters is None else raters.population.strata,
        "item_reliability": None if items is None else items.population.reliability,
        "item_separation": None if items is None else items.population.separation,
        "variance": None if population is None else population.sd**2,
        "populations": [_population(fit, place, kinds) for place in range(len(fit.populations))],
        "summaries": {one.name: _summary(one.separation) for one in fit.facets},
        "items": list(_elements(fit, "item")),
    }


def _structure(fit: RaschFit) -> dict[str, Any]:
    return {
        "connected": fit.structure.is_connected,
        "warnings": list(fit.structure.warnings),
        "links": [{"facets": list(link.facets), "n_subsets": link.n_subsets} for link in fit.structure.links],
        "unused": [{"scale": scale, "level": level} for scale, level in fit.structure.unused],
    }


def _elements(fit: RaschFit, name: str) -> Iterator[dict[str, Any]]:
    facet = next((one for one in fit.facets if one.name == name), None)
    if facet is None:
        return
    subsets = _subsets(fit, name)
    holm, hochberg = facet.misfit_chances()
    few = fit.structure.few[fit.design.slices[fit.design.ratings.place(name)]]
    for place, element in enumerate(facet.elements):
        yield {
            name: element,
            MEASURES[name]: float(facet.measure[place]),
            **_numbers(facet, place),
            "infit_holm": float(holm[place]),
            "infit_bh": float(hochberg[place]),
            "anchored": bool(facet.is_anchored[place]),
            "displacement": float(facet.displacement[place]),
            "extreme": int(facet.extreme[place]),
            "one_sided": int(facet.one_sided[place]),
            "few": bool(few[place]),
            "subset": None if subsets is None else int(subsets[place]),
            "reason": facet.reason(place),
        }


def _numbers(facet: FacetFit, place: int) -> dict[str, Any]:
    names = ("se", "infit", "outfit", "infit_z", "outfit_z", "real_se", "score", "weight")
    return {"n": int(facet.n[place])} | {name: float(getattr(facet, name)[place]) for name in names}


def _subsets(fit: RaschFit, name: str) -> Any:
    """Number of the subset of each item and rater, where there is more than one."""
    link = next(one for one in fit.structure.links if one.facets == ("item", "rater"))
    if link.n_subsets < 2 or name not in link.facets:
        return None
    return link.first if name == "item" else link.second


def _kind(rater: Mapping[str, Any], kinds: Mapping[Hashable, Hashable] | None) -> dict[str, Any]:
    return {} if kinds is None else {"population": kinds.get(rater["rater"])}


def _population(fit: RaschFit, place: int, kinds: Mapping[Hashable, Hashable] | None) -> dict[str, Any]:
    one = fit.populations[place]
    name: Hashable = None
    if one.facet == "rater" and kinds is not None:
        facet = fit.design.ratings.facet("rater")
        member = int((facet.population == one.kind).argmax())
        name = kinds.get(facet.elements.vocab[member])
    return {"facet": one.facet, "population": name, "n": one.n, "mean": one.mean, "sd": one.sd}


def _summary(separation: Separation | None) -> dict[str, Any] | None:
    """Mean, error, separation with both variances, and the chi-squares."""
    return None if separation is None else asdict(separation)
