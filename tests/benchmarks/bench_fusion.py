"""`fused` beside majority and plain Dawid–Skene on crowds drawn by lot: `python -m tests.benchmarks.bench_fusion`.

The mark is the better of the two on each set, whichever that is: nobody knows it before, and on small sets it is mostly
luck. The posterior under the parameters that a crowd was drawn from stands beside, which no method beats but by luck;
a miss counts twice: by more than half a point, and by more than two standard errors of the difference as well.

Real crowds come whole, and thinned to a few labels an item by lot. Seeds below 1,000 are for development.
"""

from __future__ import annotations

import argparse
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from annotate.stats.aggregate.contracts import AggregateFit
from annotate.stats.aggregate.dawid_skene import dawid_skene
from annotate.stats.aggregate.fused import fused
from annotate.stats.aggregate.majority import majority
from annotate.stats.calibration import calibration_error
from annotate.stats.codes import FloatArray, IntArray
from annotate.stats.table import LongTable
from tests.benchmarks.bench_posterior import CROWDS, crowd
from tests.benchmarks.made.crowds import KINDS, Kind, drawn_shape, made
from tests.paths import DATA_DIR

UNTOUCHED = 1_000
POINT, ERRORS = 0.005, 2.0
NAMES = ("majority", "Dawid–Skene", "fused", "all known")
_TIE = 1e-9


@dataclass(frozen=True)
class Outcome:
    """By method, in the order of `NAMES`: (n_items,) whether each item is right, and the calibration error."""

    told: str
    right: tuple[FloatArray, ...]
    calibration: tuple[float, ...]

    @property
    def accuracy(self) -> FloatArray:
        return np.array([one.mean() for one in self.right])

    def gain(self, method: int) -> float:
        """Over the better of majority and Dawid–Skene."""
        return float(self.accuracy[method] - self.accuracy[:2].max())

    def misses(self, method: int, *, beyond_chance: bool = False) -> bool:
        differ = self.right[method] - self.right[int(self.accuracy[:2].argmax())]
        error = float(differ.std()) / np.sqrt(len(differ)) if beyond_chance else 0.0
        return self.gain(method) < -max(POINT, ERRORS * error)


def outcome(
    told: str,
    table: LongTable,
    truth: Mapping[Hashable, int],
    *,
    is_ordinal: bool = False,
    known_by_all: FloatArray | None = None,
    gold: float = 0.0,
) -> Outcome:
    """`gold` is the share of items whose answers all three are told, and which are not scored."""
    lot = np.random.default_rng(len(truth)).random(len(table.item.vocab)) < gold
    known = {
        unit: truth[unit] for unit, is_told in zip(table.item.vocab, lot.tolist(), strict=True) if is_told
    }
    fits = (
        majority(table, known=known),
        dawid_skene(table, known=known, smoothing=0),
        fused(table, known=known, is_ordinal=is_ordinal),
    )
    return scored(told, fits, truth, known_by_all)


def scored(
    told: str,
    fits: tuple[AggregateFit, ...],
    truth: Mapping[Hashable, int],
    known_by_all: FloatArray | None = None,
) -> Outcome:
    place = {level: code for code, level in enumerate(fits[0].levels)}
    has = np.array([unit in truth for unit in fits[0].units]) & ~fits[0].is_known
    answers = [truth.get(unit) for unit in fits[0].units]
    right = np.array(
        [place.get(one, -1) for one, is_scored in zip(answers, has.tolist(), strict=True) if is_scored]
    )
    posteriors = [one.posterior[has] for one in fits]
    if known_by_all is not None:
        posteriors.append(known_by_all[has])
    hits = tuple(_hits(one, right) for one in posteriors)
    errors = (
        calibration_error(np.minimum(one.max(axis=1), 1.0), hit)
        for one, hit in zip(posteriors, hits, strict=True)
    )
    return Outcome(told, hits, tuple(errors))


def _hits(posterior: FloatArray, right: IntArray) -> FloatArray:
    """Levels that tie share the item."""
    best = posterior >= posterior.max(axis=1, keepdims=True) - _TIE
    is_right = np.arange(posterior.shape[1]) == right[:, None]
    return np.asarray((best & is_right).sum(axis=1) / best.sum(axis=1))


def made_up(kind: Kind, seeds: range, gold: float) -> Iterator[Outcome]:
    for seed in seeds:
        shape = drawn_shape(kind, seed)
        one = made(shape, seed)
        truth: dict[Hashable, int] = dict(enumerate(one.truth.tolist()))
        yield outcome(
            f"seed {seed}, {shape}",
            one.table,
            truth,
            is_ordinal=shape.is_ordinal,
            known_by_all=one.known_by_all,
            gold=gold,
        )


def real(name: str, each: int | None, seeds: range) -> Iterator[Outcome]:
    """The crowd, or as many labels of every item as `each`, drawn anew for every seed."""
    table, truth = crowd(name)
    answers = {unit: int(str(answer)) for unit, answer in truth.items()}
    if each is None:
        yield outcome(name, table, answers)
        return
    for seed in seeds:
        yield outcome(f"{name}, seed {seed}", thinned(table, each, seed), answers)


def thinned(table: LongTable, each: int, seed: int) -> LongTable:
    lot = np.random.default_rng([seed, each]).random(len(table))
    order = np.lexsort((lot, table.unit))
    unit = table.unit[order]
    first = np.flatnonzero(np.append(True, unit[1:] != unit[:-1]))
    rank = np.arange(len(unit)) - np.repeat(first, np.diff(np.append(first, len(unit))))
    keep = np.zeros(len(table), dtype=np.bool_)
    keep[order] = rank < each
    return table.where(keep)


def report(name: str, outcomes: Iterator[Outcome], *, says_all: bool) -> None:
    found = []
    for one in outcomes:
        found.append(one)
        if says_all:
            figures = ", ".join(
                f"{name} {100 * a:.1f}" for name, a in zip(NAMES, one.accuracy.tolist(), strict=False)
            )
            print(f"    {100 * one.gain(2):+.2f}: {figures} ({one.told})", flush=True)
    accuracy = 100 * np.mean([one.accuracy for one in found], axis=0)
    calibration = np.mean([one.calibration for one in found], axis=0)
    methods = range(2, len(accuracy))
    gains = {method: 100 * np.array([one.gain(method) for one in found]) for method in methods}
    missed = {method: sum(one.misses(method) for one in found) for method in methods}
    truly = {method: sum(one.misses(method, beyond_chance=True) for one in found) for method in methods}
    print(f"  {name}, {len(found)} sets:")
    for method, title in enumerate(NAMES[: len(accuracy)]):
        line = f"    {title:12s} {accuracy[method]:5.1f} %, calibration error {calibration[method]:.3f}"
        if method in gains:
            gain = gains[method]
            line += (
                f"; {gain.mean():+.2f} points from the better of the two (from {gain.min():+.1f} to {gain.max():+.1f}),"
                f" above it on {(gain > 0).sum()}, below by more than .5 on {missed[method]},"
                f" and by two standard errors on {truly[method]}"
            )
        print(line, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", type=int, default=UNTOUCHED, help="the first seed")
    parser.add_argument("--sets", type=int, default=12, help="of each kind, and of each thinning")
    parser.add_argument("--kind", action="append", choices=KINDS)
    parser.add_argument("--crowd", action="append", choices=CROWDS)
    parser.add_argument(
        "--gold", type=float, default=0.0, help="share of a made-up crowd's items that are known"
    )
    parser.add_argument("--all", action="store_true", help="print every set")
    options = parser.parse_args()
    seeds = range(options.first, options.first + options.sets)
    for kind in options.kind or (() if options.crowd else KINDS):
        report(kind, made_up(kind, seeds, options.gold), says_all=options.all)
    for name in options.crowd or (() if options.kind else CROWDS):
        if not (DATA_DIR / "crowd" / name / "label.csv").is_file():
            print(f"  {name}: not here")
            continue
        report(f"{name} ({CROWDS[name]})", real(name, None, seeds), says_all=options.all)
        for each in (3, 5):
            report(f"{name}, {each} labels an item", real(name, each, seeds), says_all=options.all)


if __name__ == "__main__":
    main()
