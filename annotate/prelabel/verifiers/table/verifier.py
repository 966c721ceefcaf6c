"""Check what steps say of the problem's table.

TaTToo (arXiv 2510.06217) counts wrong retrieval and a wrong idea of the columns as four of five failures of process
judges on tables and checks table operations by tools, apart from the reasoning. So does this, without a model that
writes the check: what is read are plain statements of cells, columns, totals, extremes and counts. Everything else,
and every statement about a part of the rows, is left to others.
"""

from __future__ import annotations

from annotate.prelabel.checking.verdicts import Verdicts, VerifierSettings, not_applicable
from annotate.prelabel.contracts import Strategy, TraceTask
from annotate.prelabel.verifiers.table.claims import TableReader
from annotate.prelabel.verifiers.table.grid import grid_of


def verify_table(task: TraceTask, settings: VerifierSettings) -> Strategy:
    """Check every step of one trace; asks nobody."""
    yield from ()
    grid = grid_of(task.meta, task.problem)
    if grid is None:
        return not_applicable("the problem has no table")
    reader = TableReader(grid)
    verdicts = Verdicts(settings)
    for step in task.steps:
        if step.kind == "observation":
            verdicts.pass_over(step, "it is what the environment said")
        else:
            verdicts.judge(step, reader.claims(step.text))
    return verdicts.finding(rows=len(grid.rows), columns=len(grid.columns))
