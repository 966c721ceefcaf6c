"""The table verifier: ``grid`` reads the problem's table, ``claims`` what a step says of it."""

from annotate.prelabel.checking.verdicts import VerifierSettings
from annotate.prelabel.entries import StrategyEntry
from annotate.prelabel.verifiers.table.verifier import verify_table

__all__ = ["STRATEGY", "verify_table"]

STRATEGY = StrategyEntry(
    "verifier/table",
    "verifier",
    "Table check",
    VerifierSettings,
    verify_table,
    needs_backend=False,
    summary="Checks what steps say of the problem's table: cells, columns, totals, extremes and counts.",
)
