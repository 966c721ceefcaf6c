"""Rasch measures: speed, what they recover, and one session's update: `python -m tests.benchmarks.bench_rasch WHAT`.

`speed`: 50,000 items × 11,000 raters × 10 criteria, 27 ratings an item (1.35 million). Budgets in CPU seconds: joint
maximum likelihood 3, variational empirical Bayes 6 (30 without numba), 500 MB. Each fit is a process of its own that
reads the ratings from a file, so that its memory is that of the fit; standard errors, fit statistics and the structure
report are included, compilation is not.

`rivals`: marginal likelihood, where the Python package mirt comes to an end: ours (eb, and mml where it is meant for)
and theirs in turns, as ratios of the same run.

`recovery`: four sparse designs (and identical raters) made up again and again; the slope of the thresholds on the true
ones, coverage of the 95 % intervals, and rater reliability beside the squared correlation with the truth.

`session`: 50 item-rater pairs on a fit that stands, against the fit of all ratings.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from annotate.stats.codes import Codes, FloatArray, IntArray
from annotate.stats.rasch.design import Design
from annotate.stats.rasch.fit import fit_rasch
from annotate.stats.rasch.ratings import Facet, Ratings
from annotate.stats.rasch.result import RaschFit
from annotate.stats.rasch.update import Standing, update_session
from annotate.stats.simulate import Scenario, Simulation, simulate_ratings

LARGE = Scenario(50_000, 11_000, n_criteria=10)
PAIRS_OF_LARGE = 135_000
FITS = (
    ("jmle", 1e-4, False, 3.0),
    ("eb", 1e-3, False, 6.0),
    ("jmle", 1e-4, True, None),
    ("eb", 1e-3, True, 30.0),
)
MEMORY_MB = 500

RIVAL_SIZES = ((200, 20, 5, 2), (1000, 100, 5, 3), (5000, 500, 10, 3))
DESIGNS = {
    "200 items, 20 raters, 3 criteria, 2 raters an item": Scenario(200, 20, n_criteria=3, raters_per_item=2),
    "300 items, 60 raters, 1 criterion, 3 raters an item": Scenario(300, 60, raters_per_item=3),
    "400 items, 40 raters, 2 criteria, 3 raters an item": Scenario(400, 40, n_criteria=2, raters_per_item=3),
    "100 items, 8 raters, 5 criteria, crossed": Scenario(100, 8, n_criteria=5),
    "300 items, 60 raters who are alike (SD .05), 3 an item": Scenario(
        300, 60, raters_per_item=3, rater_sd=0.05
    ),
}


def speed(seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ratings.npz"
        _large(path, seed)
        for estimator, tolerance, is_plain, budget in FITS:
            environment = os.environ | {"GRADUS_PLAIN_NUMPY": "1" if is_plain else "0"}
            command = [
                sys.executable,
                "-m",
                "tests.benchmarks.bench_rasch",
                "one",
                str(path),
                estimator,
                str(tolerance),
            ]
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
            found = json.loads(done.stdout.splitlines()[-1])
            wanted = "no budget" if budget is None else f"budget {budget:g}"
            print(
                f"  {estimator:5s}{'numpy' if is_plain else 'numba'}  {found['seconds']:6.2f} CPU s ({wanted})"
                f"  {found['megabytes']:4.0f} MB (budget {MEMORY_MB})  {found['n_iter']:3d} rounds"
                f"  raters RMSE {found['rmse']:.3f}, 95 % covers {found['cover']:.3f} of raters and"
                f" {found['item_cover']:.3f} of items, thresholds × {found['slope']:.3f}",
                flush=True,
            )


def _large(path: Path, seed: int) -> None:
    """Written apart: items meet raters at random, 27 ratings an item on average as 2.7 events of ten criteria."""
    rng = np.random.default_rng(seed)
    items, raters = rng.normal(0, LARGE.item_sd, LARGE.n_items), rng.normal(0, LARGE.rater_sd, LARGE.n_raters)
    criteria = rng.normal(0, LARGE.criterion_sd, LARGE.n_criteria)
    thresholds = np.linspace(-1.5, 1.5, 4)
    item = np.repeat(rng.integers(LARGE.n_items, size=PAIRS_OF_LARGE), LARGE.n_criteria)
    rater = np.repeat(rng.integers(LARGE.n_raters, size=PAIRS_OF_LARGE), LARGE.n_criteria)
    criterion = np.tile(np.arange(LARGE.n_criteria), PAIRS_OF_LARGE)
    value = np.empty(len(item), dtype=np.int8)
    for part in np.array_split(np.arange(len(item)), 20):
        eta = items[item[part]] - raters[rater[part]] - criteria[criterion[part]]
        logit = np.outer(eta, np.arange(5)) - np.append(0, thresholds.cumsum())
        chance = np.exp(logit - logit.max(axis=1, keepdims=True)).cumsum(axis=1)
        value[part] = (chance / chance[:, -1:] < rng.random(len(part))[:, None]).sum(axis=1)
    np.savez(
        path,
        item=item.astype(np.int32),
        rater=rater.astype(np.int32),
        criterion=criterion.astype(np.int8),
        value=value,
        items=items,
        raters=raters,
        thresholds=thresholds,
    )


def one(path: str, estimator: Any, tolerance: float) -> None:
    """A fit in this process; prints one line of JSON."""
    held = np.load(path)
    facets = [
        Facet.of("item", Codes(held["item"].astype(np.int64), tuple(range(LARGE.n_items))), sign=1),
        Facet.of("rater", Codes(held["rater"].astype(np.int64), tuple(range(LARGE.n_raters)))),
        Facet.of(
            "criterion",
            Codes(held["criterion"].astype(np.int64), tuple(range(LARGE.n_criteria))),
            is_random=False,
        ),
    ]
    ratings = Ratings.of(facets, held["value"])
    few = np.arange(len(ratings)) < 20_000
    fit_rasch(ratings.where(few), estimator=estimator, tolerance=1.0)
    start = time.process_time()
    fit = fit_rasch(ratings, estimator=estimator, tolerance=tolerance)
    taken = time.process_time() - start
    raters, items = fit.facet("rater"), fit.facet("item")
    off, item_off = _off(raters.measure, held["raters"]), _off(items.measure, held["items"])
    found = {
        "seconds": taken,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "n_iter": fit.n_iter,
        "rmse": float(np.sqrt(np.nanmean(off**2))),
        "cover": _cover(off, raters.se),
        "item_cover": _cover(item_off, items.se),
        "slope": _slope(fit, held["thresholds"]),
    }
    print(json.dumps(found))


def _off(measures: FloatArray, truth: FloatArray) -> FloatArray:
    """Errors around what all elements share, which no rating tells."""
    gap = measures - truth
    return np.asarray(gap - np.nanmean(gap))


def _cover(off: FloatArray, errors: FloatArray) -> float:
    known = np.isfinite(off) & np.isfinite(errors)
    return float((np.abs(off[known]) < 1.96 * errors[known]).mean())


def _slope(fit: RaschFit, thresholds: FloatArray) -> float:
    found = np.array([threshold.measure for threshold in fit.thresholds])
    return float(np.polyfit(thresholds, found, 1)[0]) if len(found) == len(thresholds) else float("nan")


def recovery(replications: int, seed: int) -> None:
    for name, scenario in DESIGNS.items():
        rows = np.array([_recovered(scenario, seed + turn) for turn in range(replications)])
        mean, error = np.nanmean(rows, axis=0), np.nanstd(rows, axis=0) / np.sqrt(replications)
        print(
            f"  {name}: thresholds × {mean[0]:.3f} ± {1.96 * error[0]:.3f}, 95 % covers {mean[1]:.3f} ± "
            f"{1.96 * error[1]:.3f} of items, {mean[2]:.3f} ± {1.96 * error[2]:.3f} of raters,"
            f" reliability {mean[3]:.3f} (true {mean[4]:.3f}), RMSE items {mean[5]:.3f}, raters {mean[6]:.3f}",
            flush=True,
        )


def _recovered(scenario: Scenario, seed: int) -> tuple[float, ...]:
    made = simulate_ratings(scenario, seed=seed)
    fit, truth = fit_rasch(made.ratings), made.truth
    items, raters = fit.facet("item"), fit.facet("rater")
    off, item_off = _off(raters.measure, truth.raters), _off(items.measure, truth.items)
    seen = np.isfinite(raters.measure)
    summary = raters.separation
    assert summary is not None
    return (
        _slope(fit, truth.thresholds[0]),
        _cover(item_off, items.se),
        _cover(off, raters.se),
        summary.population.reliability,
        float(np.corrcoef(raters.measure[seen], truth.raters[seen])[0, 1] ** 2),
        float(np.sqrt(np.nanmean(item_off**2))),
        float(np.sqrt(np.nanmean(off**2))),
    )


def rivals(seed: int) -> None:
    for n_items, n_raters, n_criteria, per_item in RIVAL_SIZES:
        made = simulate_ratings(
            Scenario(n_items, n_raters, n_criteria=n_criteria, raters_per_item=per_item), seed=seed
        )
        fit_rasch(made.ratings, tolerance=1.0)
        lines = [("eb", *_timed(lambda: fit_rasch(made.ratings)))]  # noqa: B023
        if n_raters <= 100:
            lines.append(("mml", *_timed(lambda: fit_rasch(made.ratings, estimator="mml"))))  # noqa: B023
        theirs, fit = _timed(lambda: _mirt(made))  # noqa: B023
        print(f"{len(made.ratings):,} ratings, {n_items} items × {n_raters} raters × {n_criteria} criteria")
        for name, taken, ours in lines:
            off = _off(ours.facet("rater").measure, made.truth.raters)
            print(
                f"  {name:5s} {taken:7.3f} CPU s  raters RMSE {np.sqrt(np.nanmean(off**2)):.3f}"
                f"   mirt takes {theirs / taken:.1f} times as long"
            )
        off = _off(_mirt_severities(fit), made.truth.raters)
        print(f"  mirt  {theirs:7.3f} CPU s  raters RMSE {np.sqrt(np.nanmean(off**2)):.3f}", flush=True)


def _timed(work: Any) -> tuple[float, Any]:
    start = time.process_time()
    found = work()
    return time.process_time() - start, found


def _mirt(made: Simulation) -> Any:
    """Its long layout: a row per item, a column per rating of it."""
    import mirt

    item, rater, criterion = (facet.elements.codes for facet in made.ratings.facets)
    order = np.argsort(item, kind="stable")
    place = np.arange(len(order)) - np.searchsorted(item[order], item[order])
    shape = (int(item.max()) + 1, int(place.max()) + 1)
    responses, raters, criteria = np.full(shape, -1), np.zeros(shape, dtype=int), np.zeros(shape, dtype=int)
    cells = (item[order], place)
    responses[cells], raters[cells], criteria[cells] = (
        made.ratings.value[order],
        rater[order],
        criterion[order],
    )
    from mirt.models.mfrm import Facet as TheirFacet
    from mirt.models.mfrm import PolytomousMFRM

    model = PolytomousMFRM(
        n_items=int(criterion.max()) + 1,
        n_categories=made.ratings.n_categories,
        facets=[TheirFacet("rater", int(rater.max()) + 1)],
    )
    return mirt.fit_mfrm(model, responses, {"rater": raters}, item_indices=criteria)


def _mirt_severities(fit: Any) -> FloatArray:
    return np.asarray(fit.facet_parameters["rater"], dtype=np.float64)


def session(seed: int) -> None:
    made = simulate_ratings(Scenario(5_000, 500, n_criteria=10, raters_per_item=3), seed=seed)
    ratings, rng = made.ratings, np.random.default_rng(seed)
    events = rng.choice(len(ratings) // 10, 50, replace=False)
    is_new = np.isin(np.arange(len(ratings)) // 10, events)
    full, before = fit_rasch(ratings), fit_rasch(ratings.where(~is_new))
    part, standing, codes = _part(ratings, before, is_new)
    taken = []
    for _ in range(200):
        start = time.perf_counter()
        after = update_session(Design.of(part), before.steps, standing)
        taken.append(time.perf_counter() - start)
    design = Design.of(part)
    moved = [float(np.abs(after.mean[one] - standing.mean[one]).mean()) for one in design.slices[:2]]
    off = [
        float(np.abs(after.mean[one] - facet.measure[own]).mean())
        for one, facet, own in zip(design.slices[:2], full.facets[:2], codes, strict=False)
    ]
    print(
        f"  {len(part)} ratings of {len(codes[0])} items and {len(codes[1])} raters:"
        f" {np.median(taken) * 1e3:.2f} ms (median), {np.quantile(taken, 0.95) * 1e3:.2f} ms (p95; budget 10)\n"
        f"  items move by {moved[0]:.4f} logits on average and end {off[0]:.4f} from the fit of everything,"
        f" raters {moved[1]:.4f} and {off[1]:.4f}"
    )


def _part(ratings: Ratings, fit: RaschFit, is_new: np.ndarray) -> tuple[Ratings, Standing, list[IntArray]]:
    """The new ratings with only the elements they touch, and where those stand."""
    facets, means, variances, codes = [], [], [], []
    for facet, found in zip(ratings.where(is_new).facets, fit.facets, strict=True):
        own, place = np.unique(facet.elements.codes, return_inverse=True)
        codes.append(own)
        elements = Codes(place.astype(np.int64), tuple(found.elements[code] for code in own.tolist()))
        facets.append(
            replace(
                facet, elements=elements, anchors=np.full(len(own), np.nan), population=facet.population[own]
            )
        )
        means.append(found.measure[own])
        variances.append(found.se[own] ** 2 if facet.is_random else np.zeros(len(own)))
    part = Ratings.of(facets, ratings.value[is_new], levels=ratings.levels)
    return part, Standing(np.concatenate(means), np.concatenate(variances)), codes


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("speed", "rivals", "recovery", "session", "one"))
    parser.add_argument("rest", nargs="*", help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--replications", type=int, default=40)
    options = parser.parse_args()
    if options.what == "one":
        one(options.rest[0], options.rest[1], float(options.rest[2]))
    elif options.what == "recovery":
        recovery(options.replications, options.seed)
    else:
        {"speed": speed, "rivals": rivals, "session": session}[options.what](options.seed)


if __name__ == "__main__":
    main()
