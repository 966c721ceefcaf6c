"""Twenty real judges on trajectories of agents, without gold: whom does a posterior agree with, and is it any good?

Nearness to judges says which of them a consensus takes after, and not whether it is right. Two things say more. How
probable a consensus makes words that it has not heard; and whether judges come out in the order they should have: a
model that thinks first above the same without, and a larger one above a smaller one of its series (`BETTER`). No answer
is near to more judges than the plurality, whatever is true: by nearness others can only come after it. The trajectories
of half of the problems were developed on, the others are what is reported.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from annotate.stats.aggregate.contracts import AggregateFit
from annotate.stats.aggregate.dawid_skene import dawid_skene
from annotate.stats.aggregate.fused import fused
from annotate.stats.aggregate.majority import majority
from annotate.stats.codes import BoolArray, FloatArray, IntArray
from annotate.stats.locate.evidence import JUDGE, NO_ERROR, UNKNOWN, Evidence, Raters, Reports
from annotate.stats.locate.fit import LocationFit, locate
from annotate.stats.locate.model import FIRST_RATER, N_CHANNELS, Weights
from annotate.stats.locate.signals import Signals
from annotate.stats.table import LongTable

HELD_OUT = 0.1
SMOOTHING = 1.0
# The one that should be nearer to the truth first.
BETTER = (
    ("DeepSeek-V3.2-Thinking", "DeepSeek-V3.2"),
    ("GPT-5.2-Thinking_(medium)_", "GPT-5.2"),
    ("Gemini-3-Flash-Preview-Thinking", "Gemini-3-Flash-Preview"),
    ("Kimi-K2.5-Thinking", "Kimi-K2.5"),
    ("Qwen3-30B-A3B-Thinking-2507", "Qwen3-30B-A3B-Instruct-2507"),
    ("Qwen3-4B-Thinking", "Qwen3-4B"),
    ("Qwen3-4B-Thinking-2507", "Qwen3-4B-Instruct-2507"),
    ("Qwen3-8B-Thinking", "Qwen3-8B"),
    ("Llama-3.1-8B-Instruct", "Llama-3.2-3B-Instruct"),
    ("Llama-3.3-70B-Instruct", "Llama-3.1-8B-Instruct"),
    ("Qwen3-30B-A3B-Instruct-2507", "Qwen3-4B-Instruct-2507"),
    ("Qwen3-30B-A3B-Thinking-2507", "Qwen3-4B-Thinking-2507"),
    ("Qwen3-8B", "Qwen3-4B"),
    ("Qwen3-8B-Thinking", "Qwen3-4B-Thinking"),
)
# Whose models are the large ones: a consensus of all should be nearer to these than to the others.
LARGE = ("DeepSeek", "GPT", "Gemini", "Kimi")
METHODS: dict[str, Callable[[LongTable], AggregateFit]] = {
    "majority": majority,
    "plain Dawid–Skene": lambda table: dawid_skene(table, smoothing=0),
    "fused": fused,
}


def records(folder: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path in sorted(folder.glob("*/*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                record = json.loads(line)
                yield path.parent.name, str(record["record_id"]), record["step_labels"] or {}


def read(folder: Path) -> tuple[Evidence, list[str], BoolArray]:
    """First errors the judges name; a null before one leaves the place unknown. Families are makers of models.

    Last, (n_traces,) whether a trajectory is of the problems that were developed on.
    """
    rows = list(records(folder))
    steps: dict[str, set[int]] = {}
    for _, trace, labels in rows:
        steps.setdefault(trace, set()).update(map(int, labels))
    traces = [one for one in sorted(steps) if steps[one]]
    judges = sorted({judge for judge, _, _ in rows})
    number = {one: i for i, one in enumerate(traces)}
    found = []
    for judge, trace, labels in rows:
        if trace in number:
            order = sorted(steps[trace])
            found.append((number[trace], judges.index(judge), _place(order, labels)))
    makers = sorted({judge.split("-")[0].rstrip("0123456789.") for judge in judges})
    family = [makers.index(judge.split("-")[0].rstrip("0123456789.")) for judge in judges]
    columns = (np.array(column, dtype=np.int64) for column in zip(*found, strict=True))
    evidence = Evidence.of(
        [len(steps[one]) for one in traces],
        raters=Raters.of([JUDGE] * len(judges), family),
        reports=Reports(*columns),
    )
    return evidence, judges, np.array([was_developed_on(one) for one in traces])


def was_developed_on(trace: str) -> bool:
    # The last part of a name numbers the attempts at a problem.
    return zlib.crc32(trace.rsplit(":", 1)[0].encode()) % 2 == 0


def _place(order: list[int], labels: dict[str, int | None]) -> int:
    for place, step in enumerate(order):
        label = labels.get(str(step))
        if label is None:
            return UNKNOWN
        if label == -1:
            return place
    return NO_ERROR


def plurality(evidence: Evidence) -> IntArray:
    """The place most judges name, the earlier where two are equal; no error counts as the last."""
    votes: list[Counter[int]] = [Counter() for _ in range(evidence.n_traces)]
    for trace, place in zip(evidence.reports.trace.tolist(), evidence.reports.place.tolist(), strict=True):
        votes[trace][10**6 if place == NO_ERROR else place] += 1
    best = [min(one, key=lambda place, one=one: (-one[place], place), default=10**6) for one in votes]
    return np.array([NO_ERROR if one == 10**6 else one for one in best])


def report(folder: Path) -> None:
    everything, judges, is_seen = read(folder)
    print(f"{len(judges)} judges, no gold; {everything.n_unknown} readings are unknown")
    for name, which in (("developed on", is_seen), ("the other problems", ~is_seen)):
        evidence = everything.take(np.flatnonzero(which))
        print(
            f"{name}: {evidence.n_traces} trajectories. Each judge left out in turn: how often the others, fused, name "
            "its place"
        )
        report_nearness(evidence, judges)
        report_foretelling(evidence)
        report_fit(evidence, judges)
        report_steps(folder, judges, is_seen=which is is_seen)


def report_nearness(evidence: Evidence, judges: Sequence[str]) -> None:
    ours, theirs = [], []
    for judge in range(len(judges)):
        mine = evidence.reports.rater == judge
        others = Evidence.of(evidence.length, raters=evidence.raters, reports=evidence.reports.take(~mine))
        best = locate(others).posterior(others).best
        votes = plurality(others)
        trace, place = evidence.reports.trace[mine], evidence.reports.place[mine]
        ours.append(float((best[trace] == place).mean()))
        theirs.append(float((votes[trace] == place).mean()))
    wins = sum(a > b for a, b in zip(ours, theirs, strict=True))
    print(
        f"  posterior {np.mean(ours):.4f}, plurality {np.mean(theirs):.4f} on average; the posterior is nearer to "
        f"{wins} of {len(judges)}:"
    )
    for judge, a, b in zip(judges, ours, theirs, strict=True):
        print(f"    {judge:34s} posterior {a:.3f}, plurality {b:.3f}")
    rows = [(judges.index(one), judges.index(other)) for one, other in BETTER]
    right = [sum(near[one] > near[other] for one, other in rows) for near in (ours, theirs)]
    print(
        f"  of {len(rows)} pairs in which one should be the better judge, it comes out so {right[0]} times by the "
        f"posterior, {right[1]} times by the plurality"
    )


def report_steps(folder: Path, judges: Sequence[str], *, is_seen: bool) -> None:
    """How near the others' answers about single steps (good, neutral, bad) are to each judge that is left out."""
    rows = [
        (judge, f"{trace} {step}", int(label))
        for judge, trace, labels in records(folder)
        if was_developed_on(trace) is is_seen
        for step, label in labels.items()
        if label is not None
    ]
    near: dict[str, list[float]] = {name: [] for name in METHODS}
    for judge in judges:
        others, steps, labels = zip(*(row for row in rows if row[0] != judge), strict=True)
        table = LongTable.from_columns(steps, others, labels, repeats="first")
        own = [(step, label) for said, step, label in rows if said == judge]
        for name, method in METHODS.items():
            places = method(table).posterior.argmax(axis=1)
            levels = [table.value.vocab[place] for place in places]
            answers = dict(zip(table.item.vocab, levels, strict=True))
            agrees = [answers[step] == label for step, label in own if step in answers]
            near[name].append(float(np.mean(agrees)))
    is_large = np.array([judge.startswith(LARGE) for judge in judges])
    for name, values in near.items():
        found = np.array(values)
        print(
            f"  single steps, {name}: {found.mean():.4f} on average; to the {is_large.sum()} large judges "
            f"{found[is_large].mean():.4f}, to the others {found[~is_large].mean():.4f}; nearer than the majority to "
            f"{(found > near['majority'])[is_large].sum()} of the large ones and to "
            f"{(found > near['majority'])[~is_large].sum()} of the others"
        )


def report_foretelling(evidence: Evidence, *, seed: int = 0) -> None:
    """The mean log-probability of a tenth of all reports, given the others."""
    is_out = np.random.default_rng(seed).random(len(evidence.reports)) < HELD_OUT
    heard = Evidence.of(evidence.length, raters=evidence.raters, reports=evidence.reports.take(~is_out))
    out = evidence.reports.take(is_out)
    fit = locate(heard)
    plain = replace(fit, model=replace(fit.model, trust=np.ones(N_CHANNELS)))
    print(
        f"  reports it has not heard, mean log-probability: posterior {foretold(fit, heard, out):.3f}, every report "
        f"believed in full {foretold(plain, heard, out):.3f}, shares of votes {by_shares(heard, out):.3f}"
    )


def foretold(fit: LocationFit, heard: Evidence, out: Reports) -> float:
    probability = fit.posterior(heard).probability
    asked = Signals.of(replace(heard, reports=out))
    terms = fit.model.report_terms(asked, Weights(np.ones(len(out)), np.zeros(0)))
    chance = np.bincount(asked.row, weights=probability[asked.at] * np.exp(terms), minlength=len(out))
    return float(np.log(chance).mean())


def by_shares(heard: Evidence, out: Reports) -> float:
    layout = heard.layout()

    def at(reports: Reports) -> IntArray:
        place = np.where(reports.place == NO_ERROR, layout.length[reports.trace], reports.place)
        return layout.start[reports.trace] + place

    votes: FloatArray = np.bincount(at(heard.reports), minlength=layout.n_places).astype(np.float64)
    votes += SMOOTHING / (layout.length[layout.trace] + 1)
    share = votes / layout.total(votes)[layout.trace]
    return float(np.log(share[at(out)]).mean())


def report_fit(evidence: Evidence, judges: Sequence[str]) -> None:
    found = locate(evidence)
    rho = found.model.dependence
    kin = evidence.raters.family[rho.pair // len(judges)] == evidence.raters.family[rho.pair % len(judges)]
    believed = found.posterior(evidence)
    print(
        f"  rho within makers {rho.rho[kin].mean():.2f}, between them {rho.rho[~kin].mean():.2f}; trust in judges "
        f"{found.model.trust[FIRST_RATER + JUDGE]:.2f}; confidence {believed.confidence.mean():.3f} on average; "
        f"{'; '.join(found.assumed)}"
    )
