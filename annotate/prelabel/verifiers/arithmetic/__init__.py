"""The arithmetic verifier: ``notation`` reads signs, ``expressions`` computes, ``equations`` compares."""

from annotate.prelabel.checking.verdicts import VerifierSettings
from annotate.prelabel.entries import StrategyEntry
from annotate.prelabel.verifiers.arithmetic.verifier import verify_arithmetic

__all__ = ["STRATEGY", "verify_arithmetic"]

STRATEGY = StrategyEntry(
    "verifier/arithmetic",
    "verifier",
    "Arithmetic check",
    VerifierSettings,
    verify_arithmetic,
    needs_backend=False,
    summary="Recomputes every equation a step states, exactly.",
)
