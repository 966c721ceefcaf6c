"""The posterior beside `lessons` on real machines' signals: `python -m tests.benchmarks.bench_consensus_real FOLDER`.

The traces are the project's own, with known first errors; rollouts, judges and the verifier are the shipped models and
tools (`tests.benchmarks.real.signals`, kept in FOLDER, made there where they are missing: a second or two per trace).
People are made up (`tests.benchmarks.real.people`). Everything runs through the policies as a project would run them.
`develop` is what was looked at while the policy was built; `final` was run once it stood. A tenth of the traces have
gold, which the posterior may learn from and nobody is measured on.

Kept: a step called good is right before the first error, one called bad at it. "At equal precision" keeps the steps of
least risk for as long as the truth says at least 98 %, or what `lessons` reaches if that is more: a threshold in
hindsight. Beside it stands what the threshold does that hindsight would have chosen on `develop`. Intervals are
bootstrapped over traces.
"""

# Django has to be set up before anything of it is imported.
# ruff: noqa: E402

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")

import django

django.setup()

import numpy as np

from annotate.consensus.contracts import (
    Critique,
    Decision,
    Material,
    Question,
    StepEvidence,
    Tally,
    TraceEvidence,
    Vote,
    Voter,
)
from annotate.consensus.policies.lessons import LESSONS
from annotate.consensus.policies.posterior import POSTERIOR, PosteriorSettings
from annotate.enums import Action, Outcome, RaterKind
from annotate.settings import build_settings
from annotate.stats.calibration import calibration_error
from annotate.stats.codes import BoolArray, FloatArray
from tests.benchmarks.real.people import PEOPLE, read
from tests.benchmarks.real.signals import Heard, make, stored
from tests.benchmarks.signals.tables import table

PRECISION = 0.98
GOLD_SHARE = 0.1
DRAWS = 400
VERDICT, RECOVERABLE = frozenset({"verdict"}), frozenset({"recoverable"})
ROLLOUT = Voter(1, "rollout/fixed", RaterKind.ROLLOUT, RECOVERABLE)
JUDGES = {
    "surprise": Voter(2, "judge/surprise", RaterKind.JUDGE, VERDICT, "judge"),
    "equations": Voter(3, "judge/equations", RaterKind.JUDGE, VERDICT, "judge"),
    "examiner": Voter(4, "judge/examiner", RaterKind.JUDGE, VERDICT, "examiner"),
}
TOOL = Voter(5, "verifier/arithmetic", RaterKind.VERIFIER, VERDICT)
READERS = {one.name: Voter(10 + i, one.name, RaterKind.PERSON, VERDICT) for i, one in enumerate(PEOPLE)}
KEY = Voter(99, "gold/key", RaterKind.GOLD, VERDICT)


@dataclass(frozen=True, slots=True)
class World:
    """Which signals the posterior has, and the judge that `lessons` reads beside the same rollouts."""

    name: str
    judges: tuple[str, ...]
    lessons: str
    has_tool: bool = False
    has_people: bool = False
    has_gold: bool = False


ALL = ("surprise", "equations", "examiner")
WORLDS = (
    *(World(f"rollouts, judge by {one}", (one,), one) for one in ALL),
    *(
        World(f"rollouts, three judges, people, gold; lessons by {one}", ALL, one, False, True, True)
        for one in ALL
    ),
    *(World(f"all, and the verifier; lessons by {one}", ALL, one, True, True, True) for one in ALL),
)


def evidence(
    heard: Sequence[Heard], world: World, seed: int
) -> tuple[list[TraceEvidence], list[Voter], BoolArray]:
    """What the policies are given, who speaks, and which traces have gold."""
    rng = np.random.default_rng(seed)
    is_gold = (rng.random(len(heard)) < GOLD_SHARE) & world.has_gold
    places = {one.name: read(one, heard, rng) for one in PEOPLE} if world.has_people else {}
    voters = [ROLLOUT, *(JUDGES[name] for name in world.judges), *([TOOL] if world.has_tool else [])]
    voters += [READERS[name] for name in places]
    found = []
    for number, one in enumerate(heard):
        said = {JUDGES[name]: one.levels[name] for name in world.judges}
        if world.has_tool:
            said[TOOL] = one.levels["arithmetic"]
        for name, theirs in places.items():
            if one.index in theirs:
                said[READERS[name]] = spelled(theirs[one.index], one.length)
        if is_gold[number]:
            said[KEY] = spelled(one.truth, one.length)
        steps = tuple(_step(one, number, place, said) for place in range(one.length))
        outcome = Outcome.RIGHT if one.is_right else Outcome.WRONG
        found.append(TraceEvidence(number, "verdict", steps, outcome))
    return found, voters, is_gold


def spelled(error: int, length: int) -> list[str]:
    return [
        "good" if error < 0 or place < error else "bad" if place == error else "" for place in range(length)
    ]


def _step(one: Heard, number: int, place: int, said: dict[Voter, list[str]]) -> StepEvidence:
    votes = []
    if place < one.length - 1:
        hits, known = one.rollouts[place + 1]
        tally = Tally(hits, known, *one.rollouts[0])
        if known:
            value = "good" if hits else "bad"
            votes.append(
                Vote(
                    _label(number, place, ROLLOUT),
                    ROLLOUT.rater,
                    ROLLOUT.kind,
                    "recoverable",
                    value,
                    None,
                    tally,
                )
            )
    for voter, levels in said.items():
        if levels[place]:
            critiques = (
                tuple(Critique(i, first_error=at) for i, at in enumerate(one.votes))
                if voter is JUDGES["examiner"]
                else ()
            )
            votes.append(
                Vote(
                    _label(number, place, voter),
                    voter.rater,
                    voter.kind,
                    "verdict",
                    levels[place],
                    None,
                    None,
                    critiques,
                )
            )
    return StepEvidence(1000 * number + place, tuple(votes))


def _label(number: int, place: int, voter: Voter) -> int:
    return (1000 * number + place) * 100 + voter.rater


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """One entry per step of the traces that are measured on."""

    trace: np.ndarray[tuple[int], np.dtype[np.int64]]
    is_kept: BoolArray
    is_right: BoolArray
    risk: FloatArray
    correct: FloatArray
    is_good: BoolArray


def steps_of(heard: Sequence[Heard], decisions: Sequence[Sequence[Decision]], without: BoolArray) -> Steps:
    rows = []
    for number, (one, decided) in enumerate(zip(heard, decisions, strict=True)):
        if without[number]:
            continue
        for place, decision in enumerate(decided):
            truth = spelled(one.truth, one.length)[place]
            # What is kept by risk alone: the level the most probable status stands for, behind an error none.
            said = decision.value or ("good" if (decision.p_correct or 0) > 0.5 else "bad")
            risk = 2.0 if decision.risk is None or decision.reason == "after_first_error" else decision.risk
            is_kept = decision.action == Action.KEEP
            rows.append((number, is_kept, said == truth, risk, decision.p_correct, truth == "good"))
    trace, kept, right, risk, correct, good = zip(*rows, strict=True)
    return Steps(
        np.array(trace),
        np.array(kept),
        np.array(right),
        np.array(risk),
        np.array([np.nan if one is None else one for one in correct]),
        np.array(good),
    )


def decide(
    heard: Sequence[Heard], world: World, seed: int
) -> tuple[Steps, Steps, FloatArray, BoolArray, FloatArray]:
    """Steps by `lessons` and by the posterior; confidence, rightness and signed error of locations."""
    traces, voters, is_gold = evidence(heard, world, seed)
    judge = JUDGES[world.lessons]
    rule = LESSONS.bind(build_settings(LESSONS.settings, {"judge": judge.name}), "verdict", voters)
    settings = PosteriorSettings()
    question = Question("verdict", ("bad", "neutral", "good"), True)
    assert POSTERIOR.prepare is not None
    assert POSTERIOR.bind_many is not None
    learned = POSTERIOR.prepare(settings, Material(question, voters, (), lambda: iter(traces)))
    ours = POSTERIOR.bind_many(settings, "verdict", voters, learned)(traces)
    posterior = learned.located.believed(traces).posterior
    truth = np.array([one.truth for one in heard])
    held = ~is_gold
    both = held & (posterior.best >= 0) & (truth >= 0)
    return (
        steps_of(heard, [rule(trace) for trace in traces], is_gold),
        steps_of(heard, ours, is_gold),
        posterior.confidence[held],
        (posterior.best == truth)[held],
        (posterior.best - truth)[both].astype(np.float64),
    )


def kept_at(steps: Steps, floor: float) -> tuple[int, float]:
    """How many steps of least risk are right to the floor, and the risk that ends them."""
    able = np.flatnonzero(steps.risk <= 1)
    order = able[np.argsort(steps.risk[able], kind="stable")]
    right = np.cumsum(steps.is_right[order]) / np.arange(1, len(order) + 1)
    enough = np.flatnonzero(right >= floor)
    return (int(enough[-1]) + 1, float(steps.risk[order[enough[-1]]])) if len(enough) else (0, -1.0)


def drawn(one: Steps, other: Steps, score: Callable[[Steps, Steps], float], seed: int) -> tuple[float, float]:
    """A percentile interval over resampled traces, the same ones for both."""
    rng = np.random.default_rng(seed)
    ids = np.unique(one.trace)
    rows = {number: np.flatnonzero(one.trace == number) for number in ids.tolist()}
    scores = []
    for _ in range(DRAWS):
        some = np.concatenate([rows[number] for number in rng.choice(ids, len(ids)).tolist()])
        scores.append(score(_taken(one, some), _taken(other, some)))
    low, high = np.nanquantile(scores, [0.025, 0.975])
    return float(low), float(high)


def _taken(steps: Steps, rows: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Steps:
    return Steps(*(getattr(steps, name)[rows] for name in Steps.__slots__))


def precision(steps: Steps) -> float:
    return float(steps.is_right[steps.is_kept].mean()) if steps.is_kept.any() else float("nan")


def ratio(theirs: Steps, ours: Steps) -> float:
    kept, _ = kept_at(ours, max(PRECISION, precision(theirs)))
    return kept / max(int(theirs.is_kept.sum()), 1)


def report(name: str, heard: Sequence[Heard], thresholds: dict[str, float], seed: int) -> None:
    print(f"\n### {name}: {len(heard)} traces, {sum(one.length for one in heard):,} steps\n")
    rows = []
    for world in WORLDS:
        theirs, ours, confidence, is_right, off = decide(heard, world, seed)
        _, at = kept_at(ours, PRECISION)
        fixed = thresholds.setdefault(world.name, at)
        kept = ours.risk <= fixed
        low, high = drawn(theirs, ours, ratio, seed)
        known = np.isfinite(ours.correct)
        rows.append(
            (
                world.name,
                f"{int(theirs.is_kept.sum()):,} ({precision(theirs):.4f})",
                f"{int(ours.is_kept.sum()):,} ({precision(ours):.4f})",
                f"{ratio(theirs, ours):.2f} ({low:.2f}–{high:.2f})",
                f"{kept.sum() / max(int(theirs.is_kept.sum()), 1):.2f} ({ours.is_right[kept].mean():.4f})",
                f"{calibration_error(ours.correct[known], ours.is_good[known].astype(np.float64)):.4f}",
                f"{calibration_error(confidence, is_right.astype(np.float64)):.4f}",
                f"{is_right.mean():.3f}",
                f"{off.mean():+.3f}",
            )
        )
    head = (
        "signals",
        "`lessons` keeps (right)",
        "posterior keeps by its settings (right)",
        "times as many at equal precision (95 %)",
        "at `develop`'s threshold (right)",
        "calibration error of steps",
        "of locations",
        "location right",
        "signed location error",
    )
    print(table(head, rows))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="where the signals are kept, outside the repository")
    parser.add_argument("--traces", type=int, default=300, help="of each half")
    parser.add_argument("--half", choices=("develop", "final"), help="only this one")
    parser.add_argument("--make", action="store_true", help="make signals that are missing")
    options = parser.parse_args()
    thresholds: dict[str, float] = {}
    for number, half in enumerate(("develop", "final")):
        if options.half not in (None, half):
            continue
        path = options.folder / f"{half}.jsonl"
        if options.make:
            options.folder.mkdir(parents=True, exist_ok=True)
            make(path, half, options.traces)
        report(half, stored(path)[: options.traces], thresholds, seed=number + 1)


if __name__ == "__main__":
    main()
