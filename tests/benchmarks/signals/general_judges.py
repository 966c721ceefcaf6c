"""Figure: the judges that are asked in words, each against truth.

The shipped examiner serves them; ``--backend`` names another model in its place. Its figures say how far the examiner
gets with the judges' real prompts and forms, and are no forecast for a capable model.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from textwrap import shorten
from typing import Any

from annotate.prelabel.continuations.rollouts import AFTER_ERROR
from annotate.prelabel.contracts import Backend, Completion, Request
from fixtures.tinylm.examiner.questions import entry_of
from fixtures.tinylm.examiner.tasks import task_of
from fixtures.tinylm.problems import Partition
from tests.benchmarks.signals.accuracy import Case, print_cases
from tests.benchmarks.signals.own_model import MODELS, generated_traces
from tests.benchmarks.signals.playing import Question, play_together
from tests.benchmarks.signals.tables import table
from workers.backends.registry import open_backend

EXAMINER = f"transformers:{MODELS / 'examiner'}?batch=128&dtype=float32"
_WIDEST = 70
JUDGES: dict[str, tuple[str, dict[str, Any]]] = {
    "judge/critique": ("critique", {}),
    "judge/critique, majority of 4": ("critique", {"votes": 4, "merge": "majority", "temperature": 0.7}),
    "judge/per_step": ("per_step", {}),
    "judge/reference": ("reference", {}),
    "judge/panel": ("panel", {}),
    "judge/panel, reviewed": ("panel", {"meta": "critique", "temperature": 0.0, "votes": 1}),
    "judge/panel, vote and review": ("panel", {"meta": "hybrid"}),
    "judge/graded": ("graded", {}),
}


class Answers:
    """A model's answers, each paid for once: two judges may put the same question."""

    def __init__(self, model: Backend) -> None:
        self._model = model
        self._held: dict[tuple[str, int], Completion] = {}

    def answer(self, asked: Sequence[Question]) -> list[list[Completion]]:
        keys = [[(request.digest, sample) for sample in samples] for request, samples in asked]
        wanted: list[tuple[Request, list[int]]] = []
        for (request, _), row in zip(asked, keys, strict=True):
            missing = [sample for digest, sample in row if (digest, sample) not in self._held]
            if missing:
                wanted.append((request, missing))
        for (request, missing), drawn in zip(wanted, self._model.answer(wanted), strict=True):
            self._held |= {(request.digest, n): one for n, one in zip(missing, drawn, strict=True)}
        return [[self._held[key] for key in row] for row in keys]


def general_figures(*, quick: bool, n: int | None, seed: int, backend: str, partition: Partition) -> None:
    n = n or (20 if quick else 200)
    model = open_backend(backend or EXAMINER)
    answers = Answers(model)
    cases = [Case(trace, {}) for trace in generated_traces(n, seed, partition)]
    for name, (module, values) in JUDGES.items():
        entry = entry_of(module)
        strategies = [entry.start(task_of(case.trace), values) for case in cases]
        for case, played in zip(cases, play_together(strategies, answers.answer), strict=True):
            case.said[name] = played
    print(f"Judges served by {model.name}, problems of the partition `{partition}`.")
    print_cases(cases, seed)
    _print_unread(cases)
    model.close()


def _print_unread(cases: Sequence[Case]) -> None:
    """What came to nothing: silences about a step or a trace other than those after a first error."""
    rows = []
    for name in cases[0].said:
        reasons: Counter[str] = Counter()
        silenced = 0
        for case in cases:
            silences = case.said[name].finding.silences
            said = {shorten(one.reason, _WIDEST) for one in silences if one.reason != AFTER_ERROR}
            silenced += bool(said)
            reasons.update(said)
        why = "; ".join(f"{reason} ({count})" for reason, count in reasons.most_common(3))
        rows.append((name, f"{silenced} of {len(cases)}", why or "–"))
    print("\n### Traces with something that could not be read or decided\n")
    print(table(("strategy", "traces", "most often"), rows))
