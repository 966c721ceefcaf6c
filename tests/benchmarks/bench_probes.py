"""How well each probe ranks wrong steps before right ones: `python -m tests.benchmarks.bench_probes [traces] [seed]`.

The project's own policy reads generated traces whose wrong steps are known (problems of the development partition).
The figure is the area under the ROC curve over the steps a probe speaks of, traces being the unit of the interval;
"told" is the share of wrong steps that it speaks of at all, since steps after the stated answer are masked.

The wrong steps are slips that no model wrote, so what reads off how unlikely a step is looks better here than on a
model's own errors.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from annotate.prelabel.contracts import (
    Backend,
    Completion,
    Finding,
    Request,
    StepTask,
    Strategy,
    TraceTask,
)
from annotate.prelabel.strategies import strategy_called
from fixtures.tinylm.evaluate import draw_traces
from fixtures.tinylm.intervals import area_under_curve, bootstrap, share
from fixtures.tinylm.traces import Trace
from workers.backends.registry import open_backend

N_TRACES = int(sys.argv[1]) if len(sys.argv) > 1 else 200
SEED = int(sys.argv[2]) if len(sys.argv) > 2 else 5
FORCED = {"opening": "Answer: "}
SCORED = {**FORCED, "closing": "\n"}
# The policy's traces end in one form, so one opening is all it has ever read.
PROBES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("answer_gain", "probe/answer_gain", SCORED),
    ("contrastive", "probe/contrastive", {"openings": ["Answer: "], "closing": "\n"}),
    ("implicit (reference: judge)", "probe/implicit", {"reference_backend": "judge"}),
    ("confidence, likelihood", "probe/confidence", {"signal": "likelihood", "threshold": -1.0}),
    ("confidence, certainty", "probe/confidence", {"signal": "certainty", "threshold": -1.0}),
    ("confidence, potential", "probe/confidence", FORCED),
    ("confidence, potential_gain", "probe/confidence", {**FORCED, "signal": "potential_gain"}),
)


def task_of(trace: Trace) -> TraceTask:
    steps = tuple(StepTask(position, step.text) for position, step in enumerate(trace.steps))
    return TraceTask(trace.problem.text, steps, str(trace.problem.answer))


def findings_of(
    strategies: Sequence[Strategy], ask: Callable[[Sequence[Request]], list[list[Completion]]]
) -> list[Finding]:
    """Run all to their end; what they wait for at a time is asked as one batch."""
    found: dict[int, Finding] = {}
    replies: dict[int, Any] = dict.fromkeys(range(len(strategies)))
    while replies:
        waiting: dict[int, Sequence[Request]] = {}
        for number, reply in replies.items():
            try:
                waiting[number] = strategies[number].send(reply)
            except StopIteration as stop:
                found[number] = stop.value
        answers = iter(ask([request for batch in waiting.values() for request in batch]))
        replies = {number: [next(answers) for _ in batch] for number, batch in waiting.items()}
    return [found[number] for number in range(len(strategies))]


def asking(players: Mapping[str, Backend]) -> Callable[[Sequence[Request]], list[list[Completion]]]:
    def ask(requests: Sequence[Request]) -> list[list[Completion]]:
        found: dict[int, list[Completion]] = {}
        for player, backend in players.items():
            places = [place for place, request in enumerate(requests) if request.player == player]
            batch = [(requests[place], range(max(requests[place].n, 1))) for place in places]
            found.update(zip(places, backend.answer(batch) if batch else [], strict=True))
        return [found[place] for place in range(len(requests))]

    return ask


def line(name: str, traces: Sequence[Trace], doubts: Sequence[Mapping[int, float]], seconds: float) -> str:
    values = [np.array([found[p] for p in sorted(found)], dtype=float) for found in doubts]
    wrong = [
        np.array([trace.steps[p].is_wrong for p in sorted(found)], dtype=bool)
        for trace, found in zip(traces, doubts, strict=True)
    ]
    told = [
        [position in found for position, step in enumerate(trace.steps) if step.is_wrong]
        for trace, found in zip(traces, doubts, strict=True)
    ]
    curve = bootstrap(area_under_curve, values, wrong, seed=SEED)
    return f"{name:28}{curve!s:58}  told {share(told).value:.2f}  {seconds:6.1f} s"


def main() -> None:
    traces = draw_traces("develop", seed=SEED, n=N_TRACES)
    tasks = [task_of(trace) for trace in traces]
    players = {
        "": open_backend("transformers:fixtures/models/policy"),
        "reference": open_backend("transformers:fixtures/models/judge"),
    }
    by_place = [{position: float(position) for position in range(len(trace.steps))} for trace in traces]
    print(line("the step's place alone", traces, by_place, 0.0))
    for title, name, settings in PROBES:
        entry = strategy_called(name)
        began = time.process_time()
        findings = findings_of([entry.start(task, settings) for task in tasks], asking(players))
        doubts = [
            {
                one.position: -one.score
                for one in finding.opinions
                if one.position is not None and one.score is not None
            }
            for finding in findings
        ]
        print(line(title, traces, doubts, time.process_time() - began), flush=True)


if __name__ == "__main__":
    main()
