"""The algebra verifier: ``notation`` reads signs, ``expressions`` computes, ``claims`` decides what is claimed."""

from annotate.prelabel.checking.verdicts import VerifierSettings
from annotate.prelabel.entries import StrategyEntry
from annotate.prelabel.verifiers.algebra.verifier import verify_algebra

__all__ = ["STRATEGY", "verify_algebra"]

STRATEGY = StrategyEntry(
    "verifier/algebra",
    "verifier",
    "Algebra check",
    VerifierSettings,
    verify_algebra,
    needs_backend=False,
    summary="Checks rewritten formulas and stated solutions by computing both sides.",
)
