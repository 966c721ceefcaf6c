"""Figure: exact location against cost with the project's own small model, on traces that its errors spoiled."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from annotate.prelabel.continuations.rollouts import BARE, grade_completion
from annotate.prelabel.contracts import Completion, TraceTask
from fixtures.tinylm.intervals import share
from tests.benchmarks.signals.contenders import contenders
from tests.benchmarks.signals.locations import Case, print_equal, print_rows, print_targets, rows_of
from tests.benchmarks.signals.own_model import own_world
from tests.benchmarks.signals.tables import ranged


def own_figures(*, quick: bool, n: int | None, seed: int) -> None:
    n = n or (40 if quick else 300)
    world = own_world(n, seed)
    cases, banks = [], []
    for trace, bank, hint in zip(world.traces, world.banks, world.hints, strict=True):
        if trace.is_spoiled and trace.first_error is not None:
            cases.append(Case(bank.task, trace.first_error, hint, bank.answer))
            banks.append(bank)
    steps = fmean(len(case.task.steps) for case in cases)
    print(
        f"{len(cases)} traces with a wrong answer, of {n} generated, seed {seed}; {steps:.1f} steps on average."
    )
    solved = fmean(_pass_rate(bank.held[BARE], bank.task) for bank in banks)
    print(f"Tokens are those the model wrote. It solves {solved:.0%} from the bare problem.")
    exact = share([[case.hint == case.place] for case in cases])
    title = (
        f"own model (the judge alone: {ranged(exact)} exact, {fmean(c.hint < 0 for c in cases):.0%} missed)"
    )
    rows = rows_of(cases, contenders(most=8, with_scaled=False), grade_completion)
    print_rows(title, rows)
    print_equal([("own model", rows)])
    print_targets([("own model", rows)])


def _pass_rate(attempts: Sequence[Completion], task: TraceTask) -> float:
    reference = str(task.reference_answer)
    return fmean(grade_completion(a.text, reference, a.finish_reason) == "right" for a in attempts)
