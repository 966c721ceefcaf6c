"""Figure: the judges that need a general model, each against truth, with whatever model is at hand.

The project's own models are too small to follow these prompts, so there is no default: name one with ``--backend``.
"""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from typing import Any

from annotate.ingest.presets import PRM_VERDICTS
from annotate.prelabel.contracts import CriterionTask, LevelTask, TraceTask
from annotate.prelabel.entries import StrategyEntry
from fixtures.tinylm.slips import reference_trace
from fixtures.tinylm.traces import Trace
from tests.benchmarks.signals.accuracy import Case, print_cases
from tests.benchmarks.signals.own_model import generated_traces, task_of
from tests.benchmarks.signals.playing import play_together
from workers.backends.registry import open_backend

JUDGES: dict[str, tuple[str, dict[str, Any]]] = {
    "judge/critique": ("critique", {}),
    "judge/critique, majority of 4": ("critique", {"votes": 4, "merge": "majority", "temperature": 0.7}),
    "judge/per_step": ("per_step", {}),
    "judge/reference": ("reference", {}),
    "judge/panel": ("panel", {}),
    "judge/graded": ("graded", {}),
}


def general_figures(*, quick: bool, n: int | None, seed: int, backend: str) -> None:
    if not backend:
        raise SystemExit("name a model: --backend openai:http://HOST:8000/v1?model=NAME")
    n = n or (20 if quick else 200)
    model = open_backend(backend)
    traces = generated_traces(n, seed)
    cases = [Case(trace, {}) for trace in traces]
    for name, (module, values) in JUDGES.items():
        entry: StrategyEntry = import_module(f"annotate.prelabel.judge.{module}").STRATEGY
        strategies = [entry.start(_task(trace), values) for trace in traces]
        for case, played in zip(cases, play_together(strategies, model.answer), strict=True):
            case.said[name] = played
    model.close()
    print(f"Judges served by {model.name}.")
    print_cases(cases, seed)


def _task(trace: Trace) -> TraceTask:
    """The trace as a judge sees it: with the question it is asked, and a worked solution where it may look at one."""
    preset = PRM_VERDICTS[0]
    levels = tuple(
        LevelTask(level.key, level.title, level.description, level.score) for level in preset.levels
    )
    criterion = CriterionTask(preset.key, preset.title, preset.description, levels=levels)
    solution = reference_trace(trace.problem).text
    return replace(task_of(trace), criterion=criterion, criteria=(criterion,), reference_solution=solution)
