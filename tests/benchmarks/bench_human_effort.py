"""How much people have to read until labels are right: `python -m tests.benchmarks.bench_human_effort`.

Made-up traces, machines and people come from `tests.benchmarks.made`, which is not the fitted model. Four ways to spend
readings are followed on the same traces and the same people:

- `random`: traces in random order, each read by two people; once all are, by a third, a fourth … person. No machine has
  spoken. A label is what most readers of the step say.
- `random, modelled`: the same readings through the posterior of people alone, the final answer's grade included.
- `machines, random`: traces in random order, one reading each, then a second …; labels by the posterior of everything.
- `machines, routed`: always the traces where a reading is expected to remove most decision risk per expected second,
  six at a time; what was read moves its trace at once, and after every tenth of the traces the model is fitted anew.

A label is a step's status: good, the first error, or behind it. All steps of all traces count, read or not. What a goal
costs is interpolated on the curve, which need not rise: the first crossing counts. Intervals: 95 %, Student's t over
seeds, of the ratio to the better of the two random ways; the one to `random` by itself, which is what one does without
a model, is said besides. Where that never gets there it is held against all that it read: the ratio is at most that.

Everything was developed with seeds 1 to 3; the untouched seeds were run once the code stood.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from annotate.stats.locate.evidence import JUDGE
from tests.benchmarks.made.curves import Curve, at_readings, crossing, drawn, student_interval
from tests.benchmarks.made.people import Crowd, crowd
from tests.benchmarks.made.signals import JUDGES, PEOPLE, Reader, World
from tests.benchmarks.made.spending import MAJORITY, MODELLED, ROUTED, WAYS, followed

DEVELOPMENT = (1, 2, 3)
UNTOUCHED = (20_261, 20_262, 20_263, 20_264, 20_265, 20_266)
GOAL = 0.98
# Where machines alone reach the goal, what a stricter one costs says more.
STRICTER = 0.99
SIX = tuple(replace(PEOPLE[0], family=10 + i, share=1.0) for i in range(6))
CAREFUL = tuple(replace(one, seen=0.97, spread=0.2, clears=0.98, late=0.1) for one in SIX)
ALIKE = World(gold=0.0, readers=JUDGES + SIX, stuck=0.95, shared=0.8, has_rollouts=False, has_verifier=False)
WORLDS: dict[str, World] = {
    "all machine signals": World(gold=0.0, readers=JUDGES + SIX),
    "rollouts and one judge, strong repair": World(
        gold=0.0, readers=(Reader(JUDGE, 0), *SIX), has_verifier=False, strong_repair=True
    ),
    "three judges much alike": ALIKE,
    "three judges much alike, careful people": replace(ALIKE, readers=JUDGES + CAREFUL),
    "one poor judge": replace(ALIKE, readers=(Reader(JUDGE, 0, seen=0.6, clears=0.75), *SIX)),
}
TABLE = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0)
# Readings per trace, and the accuracy at which a curve ends.
MOST, MOST_WITH_MACHINES, ENOUGH = 6.0, 3.0, 0.992


def curves_of(crowd_of: Callable[[int], Crowd], seeds: Sequence[int]) -> dict[str, list[Curve]]:
    found: dict[str, list[Curve]] = {way: [] for way in WAYS}
    for seed in seeds:
        people = crowd_of(seed)
        for way in WAYS:
            most = MOST if way in (MAJORITY, MODELLED) else MOST_WITH_MACHINES
            found[way].append(followed(people, way, seed, until=ENOUGH, most=most))
    return found


def report(name: str, curves: Mapping[str, Sequence[Curve]], seeds: Sequence[int]) -> None:
    print(f"{name} (seeds {', '.join(map(str, seeds))})")
    print(f"  {'readings per trace':22s}" + "".join(f"{n:>8.2f}" for n in TABLE))
    for way, some in curves.items():
        right = [np.mean([at_readings(one, n) for one in some]) for n in TABLE]
        print(f"  {way:22s}" + "".join(f"{'–' if np.isnan(one) else f'{one:.4f}':>8s}" for one in right))
    for goal in (GOAL, STRICTER):
        for of, unit in (("readings", "readings per trace"), ("hours", "hours of people")):
            print(f"  {100 * goal:.0f} % needs, in {unit}: {_needs(curves, goal, of)}")
    _report_promise(curves)


def _needs(curves: Mapping[str, Sequence[Curve]], goal: float, of: str) -> str:
    costs = {way: [crossing(one, goal, of=of) for one in some] for way, some in curves.items()}
    told = "; ".join(f"{way} {_told(some)}" for way, some in costs.items())
    plain = [getattr(one, of)[-1] for one in curves[MAJORITY]]
    plain = np.where(np.isnan(costs[MAJORITY]), plain, costs[MAJORITY])
    beside = student_interval((np.array(costs[ROUTED]) / plain).tolist())
    base = np.fmin(costs[MAJORITY], costs[MODELLED])
    if np.isnan(base).all():
        base = np.array([getattr(one, of)[-1] for one in curves[MODELLED]])
        told += " (no random way gets there: held against all that it has read)"
    ratio = np.array(costs[ROUTED]) / base
    if np.isnan(ratio).any():
        return f"{told}; no ratio, {int(np.isnan(ratio).sum())} of {len(ratio)} seeds do not get there"
    mean, low, high = student_interval(ratio.tolist())
    alone = "{:.3f} [{:.3f}, {:.3f}]".format(*beside)
    return f"{told}; RATIO {mean:.3f} [{low:.3f}, {high:.3f}], to random alone {alone}"


def _told(values: Sequence[float]) -> str:
    missing = int(np.isnan(values).sum())
    if missing == len(values):
        return "never"
    return f"{np.nanmean(values):.2f}" + (f" ({missing} of {len(values)} seeds never)" if missing else "")


def _report_promise(curves: Mapping[str, Sequence[Curve]]) -> None:
    """Nobody sees the true accuracy: what is right when the model itself first promises the goal."""
    spent, right = [], []
    for one in curves[ROUTED]:
        there = np.flatnonzero(one.promised >= GOAL)
        if len(there):
            spent.append(one.readings[there[0]])
            right.append(one.steps[there[0]])
    if spent:
        print(
            f"  routed, stopped when the model promises {100 * GOAL:.0f} %: {np.mean(spent):.2f} readings per trace,"
            f" {np.mean(right):.4f} right ({min(right):.4f} to {max(right):.4f})"
        )


def crowds(
    names: Sequence[str] | None, n_traces: int, real: Path | None
) -> dict[str, Callable[[int], Crowd]]:
    """What is followed, by name: made-up worlds, or, from a file, real machines with made-up people."""
    if real is None:
        worlds = {name: replace(WORLDS[name], n_traces=n_traces) for name in names or WORLDS}
        return {name: partial(crowd, world) for name, world in worlds.items()}
    # Only here: it needs Django and the models that come along.
    from tests.benchmarks.real.crowd import real_crowd, without_rollouts
    from tests.benchmarks.real.signals import stored

    traces = stored(real)
    return {
        f"{len(traces)} traces, real machines": partial(real_crowd, traces),
        "the same without rollouts": lambda seed: without_rollouts(real_crowd(traces, seed)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--traces", type=int, default=1000)
    parser.add_argument("--seed", type=int, action="append")
    parser.add_argument("--world", action="append", choices=tuple(WORLDS))
    parser.add_argument(
        "--svg", type=Path, metavar="FOLDER", help="draw each world's curves into this folder"
    )
    parser.add_argument(
        "--real",
        type=Path,
        metavar="FILE",
        help="traces with real machines, as tests.benchmarks.real.signals makes",
    )
    options = parser.parse_args()
    for seeds in [options.seed] if options.seed else (DEVELOPMENT, UNTOUCHED):
        for name, crowd_of in crowds(options.world, options.traces, options.real).items():
            start = time.perf_counter()
            found = curves_of(crowd_of, seeds)
            report(name, found, seeds)
            print(f"  {time.perf_counter() - start:.0f} s")
            if options.svg:
                picture = drawn(f"Labels right: {name}", found, GOAL, until=1.0)
                where = options.svg / f"{name.replace(',', '').replace(' ', '-')}-{seeds[0]}.svg"
                where.write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    main()
