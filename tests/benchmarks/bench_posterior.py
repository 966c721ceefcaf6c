"""The posterior over first errors beside published rules: `python -m tests.benchmarks.bench_posterior`.

Made-up traces, people and machines come from `tests.benchmarks.made.signals`, which is not the fitted model. The
development seed is the one everything was tuned on, the untouched one was run once the code stood; both are printed,
and so is every world, good or bad. Steps kept: a step called good is right before the first error, a step called the
first error is right there, all others are not kept. `lessons` keeps a trace when rollouts (any success) and the first
vote of the first judge name the same place. The posterior keeps the steps of least risk as long as their mean risk
promises 98 %; its precision is then measured on traces whose truth it never saw.
"""

from __future__ import annotations

import argparse
import csv
import os
import resource
import time
from collections.abc import Callable, Hashable, Mapping
from dataclasses import replace

import numpy as np

from annotate.stats.aggregate.contracts import AggregateFit
from annotate.stats.aggregate.dawid_skene import dawid_skene
from annotate.stats.aggregate.fused import fused
from annotate.stats.aggregate.majority import majority
from annotate.stats.aggregate.scoring import against_gold
from annotate.stats.calibration import calibration_error
from annotate.stats.codes import BoolArray, FloatArray, IntArray
from annotate.stats.locate.audit import audit_sample, audited_error
from annotate.stats.locate.decide import BEHIND, FIRST_ERROR, GOOD, statuses, steps_of, true_statuses
from annotate.stats.locate.evidence import NO_ERROR, RIGHT, UNKNOWN, Reports
from annotate.stats.locate.fit import LocationFit, locate
from annotate.stats.locate.result import LocationPosterior
from annotate.stats.locate.risk import certified_threshold
from annotate.stats.table import LongTable
from tests.benchmarks import agent_judges
from tests.benchmarks.made.signals import JUDGES, PEOPLE, Made, Reader, World, made
from tests.paths import DATA_DIR

DEVELOPMENT, UNTOUCHED = 1, 20_261
PRECISION = 0.98
ONE_JUDGE = (Reader(1, 0),)
WORLDS: dict[str, World] = {
    "all signals, weak repair": World(),
    "all signals, strong repair": World(strong_repair=True),
    "all signals, no gold": World(gold=0.0),
    "rollouts and one judge only": World(readers=ONE_JUDGE, has_verifier=False),
    "rollouts and one judge only, strong repair": World(
        readers=ONE_JUDGE, has_verifier=False, strong_repair=True
    ),
    "rollouts and one judge only, no gold": World(readers=ONE_JUDGE, has_verifier=False, gold=0.0),
    "judges that repeat themselves and each other, no rollouts, 3 % gold": World(
        stuck=0.95, shared=0.8, has_rollouts=False, has_verifier=False, gold=0.03
    ),
    "the same, no gold": World(stuck=0.95, shared=0.8, has_rollouts=False, has_verifier=False, gold=0.0),
    "with spammer, flipper, copier": World(
        readers=(
            *JUDGES,
            Reader(1, 20, manner="spams"),
            Reader(1, 21, manner="flips"),
            Reader(1, 22, manner="copies", copies=2),
            *PEOPLE,
        )
    ),
}
# Developed on the first three. The others had been seen once, with even weights in the pool (dog .8352, SP_amt .9440),
# before weights were learnt from held-out labels; nothing was chosen by them.
CROWDS = {
    "rte": "developed on",
    "CF": "developed on",
    "MS": "developed on",
    "dog": "seen once",
    "SP_amt": "seen once",
}


def lessons(one: Made) -> tuple[IntArray, BoolArray]:
    """(n_traces,) places the judge's first vote names, and where rollouts agree."""
    evidence = one.evidence
    length, n = evidence.length, evidence.n_traces
    place = np.full(n, UNKNOWN)
    of_first = np.flatnonzero(evidence.reports.rater == 0)[::-1]
    place[evidence.reports.trace[of_first]] = evidence.reports.place[of_first]
    rolled = np.where(evidence.outcome == RIGHT, length, length - 1)
    lost = evidence.rollouts.hits == 0
    np.minimum.at(rolled, evidence.rollouts.trace[lost], evidence.rollouts.step[lost])
    rolled = np.where(rolled == length, NO_ERROR, rolled)
    return place, rolled == place


def report_world(name: str, world: World, seed: int) -> None:
    one = made(world, seed)
    start = time.process_time()
    fit = locate(one.evidence)
    took = time.process_time() - start
    posterior = fit.posterior(one.evidence.without_gold())
    held = one.evidence.gold == UNKNOWN
    step_held = held[steps_of(posterior)]
    status, risk = statuses(posterior)
    truth = true_statuses(posterior, one.truth)
    place, agree = lessons(one)
    n_lessons, of_lessons = kept_by_lessons(posterior, place, agree & held, truth)
    kept = kept_by_risk(np.where(status == BEHIND, 2.0, risk), step_held, 1 - PRECISION)
    n_ours, ours = int(kept.sum()), float((status == truth)[kept].mean())
    print(f"{name} (seed {seed}): {held.sum():,} traces, {fit.n_gold} with gold; fitted in {took:.1f} s")
    if world.has_rollouts:
        floor = max(PRECISION, of_lessons)
        same = kept_at(status, risk, truth, step_held, floor) / max(n_lessons, 1)
        print(f"  lessons    keeps {n_lessons:7,d} steps, {of_lessons:.4f} right")
        print(f"  posterior  keeps {n_ours / max(n_lessons, 1):.2f} times as many when 98 % are promised")
        print(f"             and {same:.2f} times as many at {floor:.4f} or better, in hindsight")
    else:
        print("  lessons    has no rollouts to read")
    print(f"  posterior  keeps {n_ours:7,d} steps, {ours:.4f} right, when 98 % are promised")
    report_errors_kept(
        status, risk, truth, step_held, kept, place, agree & held & world.has_rollouts, posterior
    )
    report_calibration(posterior, one.truth, held)
    report_guarantee(fit, one)


def kept_by_lessons(
    posterior: LocationPosterior, place: IntArray, keep: BoolArray, truth: IntArray
) -> tuple[int, float]:
    said = true_statuses(posterior, place)
    kept = keep[steps_of(posterior)] & (said != BEHIND)
    return int(kept.sum()), float((said == truth)[kept].mean())


def kept_by_risk(risk: FloatArray, where: BoolArray, error: float) -> BoolArray:
    """The steps of least risk whose mean risk is at most `error`."""
    order = np.flatnonzero(where)[np.argsort(risk[where], kind="stable")]
    mean = np.cumsum(risk[order]) / np.arange(1, len(order) + 1)
    found = np.zeros(len(risk), dtype=np.bool_)
    found[order[: int((mean <= error).sum())]] = True
    return found


def kept_at(status: IntArray, risk: FloatArray, truth: IntArray, where: BoolArray, precision: float) -> int:
    """How many can be kept, by risk, at a precision that is measured on the truth."""
    able = np.flatnonzero(where & (status != BEHIND))
    order = able[np.argsort(risk[able], kind="stable")]
    right = np.cumsum((status == truth)[order]) / np.arange(1, len(order) + 1)
    enough = np.flatnonzero(right >= precision)
    return int(enough[-1]) + 1 if len(enough) else 0


def report_errors_kept(
    status: IntArray,
    risk: FloatArray,
    truth: IntArray,
    where: BoolArray,
    kept: BoolArray,
    place: IntArray,
    keep: BoolArray,
    posterior: LocationPosterior,
) -> None:
    """First errors are one step in many, and the ones that a reward model learns from."""
    said = true_statuses(posterior, place)
    theirs = keep[steps_of(posterior)] & (said == FIRST_ERROR)
    ours = kept & (status == FIRST_ERROR)
    print(
        f"             first errors among them: {_counted(status == truth, ours)}; "
        f"among those of lessons: {_counted(said == truth, theirs)}"
    )
    each = [kept_by_risk(risk, where & (status == one), 1 - PRECISION) for one in (GOOD, FIRST_ERROR)]
    shares = [_counted(status == truth, one) for one in each]
    print(f"             98 % promised within each: good steps {shares[0]}, first errors {shares[1]}")


def _counted(is_right: BoolArray, where: BoolArray) -> str:
    return f"{where.sum():,} ({is_right[where].mean():.4f} right)" if where.any() else "none"


def report_calibration(posterior: LocationPosterior, truth: IntArray, held: BoolArray) -> None:
    steps = held[steps_of(posterior)]
    good = (true_statuses(posterior, truth) == 0).astype(np.float64)
    is_right = (posterior.best == truth).astype(np.float64)
    both = held & (posterior.best != NO_ERROR) & (truth != NO_ERROR)
    off = (posterior.best - truth)[both]
    print(
        f"             location right {is_right[held].mean():.4f}; calibration error of steps "
        f"{calibration_error(posterior.correct[steps], good[steps]):.4f}, of locations "
        f"{calibration_error(posterior.confidence[held], is_right[held]):.4f}; signed location error {off.mean():+.3f} "
        f"(mean size {np.abs(off).mean():.3f}, {len(off):,} traces)"
    )


def report_guarantee(fit: LocationFit, one: Made, *, n_gold: int = 1000, share: float = 0.03) -> None:
    """A threshold from gold the fit has not seen, and an audit of what it keeps."""
    fresh = np.flatnonzero(one.evidence.gold == UNKNOWN)
    calibration, rest = fresh[:n_gold], fresh[n_gold:]
    known = fit.posterior(one.evidence.take(calibration).without_gold())
    status, risk = statuses(known)
    wrong = status != true_statuses(known, one.truth[calibration])
    found = certified_threshold(
        np.where(status == BEHIND, 2.0, risk), wrong, steps_of(known), error=1 - PRECISION
    )
    if found.risk is None:
        print(f"             certified: nothing ({found.reason})")
        return
    believed = fit.posterior(one.evidence.take(rest).without_gold())
    status, risk = statuses(believed)
    wrong = status != true_statuses(believed, one.truth[rest])
    kept = (status != BEHIND) & (risk <= found.risk)
    seen = audit_sample(len(rest), share=share, seed=3)[steps_of(believed)] & kept
    audit = audited_error(steps_of(believed)[seen], wrong[seen])
    print(
        f"             certified on {n_gold} more gold traces (90 % sure of 98 %): keeps {kept.mean():.3f} of all "
        f"steps, {1 - wrong[kept].mean():.4f} right; "
        f"audit of 3 %: error {audit.error:.4f} [{audit.low:.4f}, {audit.high:.4f}]"
    )


def report_crowds() -> None:
    for name, role in CROWDS.items():
        if not (DATA_DIR / "crowd" / name / "label.csv").is_file():
            print(f"  {name}: not here")
            continue
        table, gold = crowd(name)
        methods: dict[str, Callable[[LongTable], AggregateFit]] = {
            "majority": majority,
            "dawid_skene": lambda table: dawid_skene(table, smoothing=0),
            "fused": fused,
        }
        fits = [method(table) for method in methods.values()]
        found = [f"{one.accuracy:.4f}" for one in against_gold(fits, gold) if one.accuracy is not None]
        scores = against_gold(fits, gold)
        accuracy = [one.accuracy or 0.0 for one in scores]
        print(
            f"  {name:7s} ({role}): majority {found[0]}, plain Dawid–Skene {found[1]}, fused {found[2]}: "
            f"{100 * (accuracy[2] - max(accuracy[:2])):+.2f} points; "
            f"calibration error {scores[2].calibration_error:.3f}"
        )


def crowd(name: str) -> tuple[LongTable, Mapping[Hashable, Hashable]]:
    rows = {}
    for file in ("label", "truth"):
        with (DATA_DIR / "crowd" / name / f"{file}.csv").open(encoding="utf-8", newline="") as lines:
            rows[file] = list(csv.reader(lines))[1:]
    item, worker, label = zip(*rows["label"], strict=True)
    table = LongTable.from_columns(item, worker, [int(one) for one in label], repeats="first")
    return table, {one: int(truth) for one, truth in rows["truth"]}


def report_speed(n_traces: int, seed: int) -> None:
    """Every step has a rollout count, a verdict of a verifier, and is read by two judges and a person."""
    readers = (Reader(1, 0), Reader(1, 1), Reader(0, 2, seen=0.93))
    one = made(World(n_traces=n_traces, readers=readers, shortest=8, longest=12), seed)
    start, cpu = time.perf_counter(), time.process_time()
    fit = locate(one.evidence)
    middle = time.perf_counter()
    posterior = fit.posterior(one.evidence)
    end = time.perf_counter()
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(
        f"{len(posterior.first):,} steps × 5 signals on {os.cpu_count()} cores: fit {middle - start:.1f} s, posterior "
        f"{end - middle:.1f} s, together {end - start:.1f} s ({time.process_time() - cpu:.1f} s of CPU); "
        f"{size:.2f} GiB at most, the making of the data included"
    )
    report_update(fit, one)


def report_update(fit: LocationFit, one: Made, *, times: int = 200) -> None:
    taken = []
    for trace in range(times):
        begin = time.perf_counter()
        some = one.evidence.take(np.array([trace]))
        reports = some.reports
        columns = (reports.trace, reports.rater, reports.place)
        more = (np.zeros(1, dtype=np.int64), np.array([2]), np.array([1]))
        joined = Reports(*(np.concatenate(pair) for pair in zip(columns, more, strict=True)))
        fit.posterior(replace(some, reports=joined))
        taken.append(1000 * (time.perf_counter() - begin))
    print(
        f"one new human label updates its trace in {np.median(taken):.1f} ms ({np.max(taken):.1f} ms at most)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--traces", type=int, default=6000)
    parser.add_argument("--speed-traces", type=int, default=100_000)
    parser.add_argument("--seed", type=int, action="append")
    options = parser.parse_args()
    for seed in options.seed or (DEVELOPMENT, UNTOUCHED):
        for name, world in WORLDS.items():
            report_world(name, replace(world, n_traces=options.traces), seed)
    print("crowds:")
    report_crowds()
    if (DATA_DIR / "agentprocessbench_nogold").is_dir():
        agent_judges.report(DATA_DIR / "agentprocessbench_nogold")
    if options.speed_traces:
        report_speed(options.speed_traces, DEVELOPMENT)


if __name__ == "__main__":
    main()
