"""Figure: how often each strategy and judge names the true first error, and where it fails.

Truth is correctness: the first step that is wrong given those before it. Rollouts speak of recoverability instead: an
error that the answer survives is one they are bound to pass over, so those traces have a table of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any, Literal

from annotate.prelabel.contracts import Finding, TraceTask
from annotate.prelabel.entries import StrategyEntry
from fixtures.tinylm.intervals import share
from fixtures.tinylm.slips import KIND_WEIGHTS
from fixtures.tinylm.traces import Trace
from tests.benchmarks.signals.own_model import ERROR_RATE, Bank, World, own_world
from tests.benchmarks.signals.playing import Played, play, play_together
from tests.benchmarks.signals.tables import ranged, table

Verdict = Literal["exact", "other place", "no error", "silent"]
VERDICTS: tuple[Verdict, ...] = ("exact", "other place", "no error", "silent")
THIRDS = ("first third", "middle third", "last third")
# Each at its defaults but for the rollouts, of which none gets more than eight from one prefix.
ROLLOUTS: dict[str, tuple[str, dict[str, Any]]] = {
    "rollout/fixed": ("fixed", {"k": 8, "sc_samples": 0}),
    "rollout/scan": ("scan", {"k": 8, "sc_samples": 0}),
    "rollout/bisect": ("bisect", {"k": 8, "sc_samples": 0}),
    "rollout/tree": ("tree", {"k": 8, "searches": 1, "split": "lines"}),
    "rollout/relative": ("relative", {"k": 8, "k_low": 8, "k_mid": 8, "k_high": 8, "sc_samples": 8}),
    "rollout/denoise": ("denoise", {"k": 8, "sc_samples": 8}),
    "rollout/adaptive": ("adaptive", {}),
}
HINTED = "rollout/adaptive, told by judge/likelihood"


@dataclass(frozen=True, slots=True)
class Case:
    trace: Trace
    said: dict[str, Played]

    def verdict(self, name: str) -> Verdict:
        """What a strategy stands by with labels: silence anywhere before its error is not "no error"."""
        finding = self.said[name].finding
        place = first_bad(finding)
        if place is not None:
            return "exact" if place == self.trace.first_error else "other place"
        return "no error" if len(finding.opinions) == len(self.trace.steps) else "silent"

    @property
    def third(self) -> str:
        return THIRDS[min(3 * (self.trace.first_error or 0) // len(self.trace.steps), 2)]


def first_bad(finding: Finding) -> int | None:
    """The first error as the strategy says or, where it speaks of each step by itself, its first bad step."""
    if "first_error" in finding.summary:
        place: int | None = finding.summary["first_error"]
        return place
    bad = [one.position for one in finding.opinions if one.value == "bad" and one.position is not None]
    return min(bad, default=None)


def accuracy_figures(*, quick: bool, n: int | None, seed: int) -> None:
    print_cases(_cases(own_world(n or (50 if quick else 300), seed)), seed)
    print("\nJudges that are asked in words are not among them: see the figure `judges`.")


def print_cases(cases: Sequence[Case], seed: int) -> None:
    """Every table about what was said of these traces."""
    names = list(cases[0].said)
    wrong = [case for case in cases if case.trace.error_kind]
    spoiled = [case for case in wrong if case.trace.is_spoiled]
    harmless = [case for case in wrong if not case.trace.is_spoiled]
    clean = [case for case in cases if not case.trace.error_kind]
    print(
        f"{len(cases)} generated traces, seed {seed}, error rate {ERROR_RATE}: "
        f"{len(spoiled)} whose error spoils the answer,",
        end=" ",
    )
    print(f"{len(harmless)} whose error leaves it right, {len(clean)} without an error.")
    _print_overview(names, wrong, clean)
    _print_split(names, "by position of the error", wrong, THIRDS, lambda case: case.third)
    _print_split(
        names, "by kind of error", wrong, tuple(KIND_WEIGHTS), lambda case: str(case.trace.error_kind)
    )
    _print_verdicts(names, "The answer is wrong", spoiled)
    _print_verdicts(
        names, "Repaired or harmless: there is an error and the answer is right all the same", harmless
    )
    _print_verdicts(names, "No error", clean)


def _cases(world: World) -> list[Case]:
    critique: StrategyEntry = import_module("annotate.prelabel.judge.critique").STRATEGY
    settings = critique.settings({"dialect": "equation", "max_tokens": 48})
    written = play_together(
        [critique.factory(bank.task, settings) for bank in world.banks], world.judge.answer
    )
    cases = []
    for trace, bank, hint, surprised, critic in zip(
        world.traces, world.banks, world.hints, world.surprised, written, strict=True
    ):
        judged = {"judge/likelihood": surprised, "judge/critique, equations": critic}
        cases.append(Case(trace, {**_rolled(bank, hint), **judged}))
    return cases


def _rolled(bank: Bank, hint: int) -> dict[str, Played]:
    said = {}
    for name, (module, values) in ROLLOUTS.items():
        said[name] = _play(module, values, bank.task, bank)
    said[HINTED] = _play("adaptive", {}, replace(bank.task, first_error_hint=hint), bank)
    return said


def _play(module: str, values: dict[str, Any], task: TraceTask, bank: Bank) -> Played:
    entry: StrategyEntry = import_module(f"annotate.prelabel.rollout.{module}").STRATEGY
    return play(entry.start(task, values), bank.answer)


def _print_overview(names: Sequence[str], wrong: Sequence[Case], clean: Sequence[Case]) -> None:
    rows = []
    for name in names:
        found = share([[case.verdict(name) == "exact"] for case in wrong])
        spared = share([[case.verdict(name) == "no error"] for case in clean])
        both = 2 * found.value * spared.value / ((found.value + spared.value) or 1)
        placed = [
            [case.verdict(name) == "exact"]
            for case in wrong
            if case.verdict(name) in ("exact", "other place")
        ]
        tokens = sum(case.said[name].tokens for case in (*wrong, *clean)) / (len(wrong) + len(clean))
        precise = ranged(share(placed)) if placed else "–"
        rows.append((name, ranged(found), precise, ranged(spared), f"{both:.2f}", f"{tokens:,.0f}"))
    print(
        f"\n### First error named exactly ({len(wrong)} traces with one), and none where there is none ({len(clean)})\n"
    )
    print(table(("strategy", "exact", "of places named", "no error said", "F1", "tokens written"), rows))


def _print_split(
    names: Sequence[str],
    title: str,
    cases: Sequence[Case],
    groups: Sequence[str],
    group_of: Callable[[Case], str],
) -> None:
    parts = {group: [case for case in cases if group_of(case) == group] for group in groups}
    parts = {group: part for group, part in parts.items() if part}
    print(f"\n### Exact, {title}\n")
    print(
        table(
            ("strategy", *(f"{group} (n = {len(part)})" for group, part in parts.items())),
            [
                (
                    name,
                    *(
                        ranged(share([[case.verdict(name) == "exact"] for case in part]))
                        for part in parts.values()
                    ),
                )
                for name in names
            ],
        )
    )


def _print_verdicts(names: Sequence[str], title: str, cases: Sequence[Case]) -> None:
    if not cases:
        return
    counted = [(name, [case.verdict(name) for case in cases]) for name in names]
    print(f"\n### {title} (n = {len(cases)}): what was said\n")
    print(
        table(("strategy", *VERDICTS), [(name, *(said.count(v) for v in VERDICTS)) for name, said in counted])
    )
