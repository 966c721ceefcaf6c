"""The test verifier: ``harness`` runs within the sandbox, ``programs`` puts pieces together, ``verifier`` decides."""

from annotate.prelabel.checking.program_runs import PLAYERS
from annotate.prelabel.entries import StrategyEntry
from annotate.prelabel.verifiers.unit_tests.verifier import UnitTestsSettings, verify_tests

__all__ = ["STRATEGY", "UnitTestsSettings", "verify_tests"]

STRATEGY = StrategyEntry(
    "verifier/unit_tests",
    "verifier",
    "Test check",
    UnitTestsSettings,
    verify_tests,
    needs_backend=False,
    players=PLAYERS,
    summary="Runs a program under the problem's tests and places the step at which it goes wrong.",
)
