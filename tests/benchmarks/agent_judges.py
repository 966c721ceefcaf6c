"""Twenty real judges on trajectories of agents, without gold: whom does a posterior agree with?"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from annotate.stats.codes import IntArray
from annotate.stats.locate.evidence import JUDGE, NO_ERROR, UNKNOWN, Evidence, Raters, Reports
from annotate.stats.locate.fit import locate


def records(folder: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path in sorted(folder.glob("*/*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                record = json.loads(line)
                yield path.parent.name, str(record["record_id"]), record["step_labels"] or {}


def read(folder: Path) -> tuple[Evidence, list[str]]:
    """First errors the judges name; a null before one leaves the place unknown. Families are makers of models."""
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
    return evidence, judges


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
    evidence, judges = read(folder)
    print(
        f"{evidence.n_traces} trajectories, {len(judges)} judges, no gold; {evidence.n_unknown} readings are unknown. "
        "Each judge left out in turn: how often the others, fused, name its place"
    )
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
    found = locate(evidence)
    rho = found.model.dependence
    kin = evidence.raters.family[rho.pair // len(judges)] == evidence.raters.family[rho.pair % len(judges)]
    believed = found.posterior(evidence)
    print(
        f"  rho within makers {rho.rho[kin].mean():.2f}, between them {rho.rho[~kin].mean():.2f}; confidence "
        f"{believed.confidence.mean():.3f} on average; {'; '.join(found.assumed)}"
    )
