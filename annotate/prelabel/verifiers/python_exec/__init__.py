"""The Python verifier: ``harness`` runs within the sandbox, ``claims`` holds what is said against what happened."""

from annotate.prelabel.checking.program_runs import PLAYERS
from annotate.prelabel.entries import StrategyEntry
from annotate.prelabel.verifiers.python_exec.verifier import PythonExecSettings, verify_python

__all__ = ["STRATEGY", "PythonExecSettings", "verify_python"]

STRATEGY = StrategyEntry(
    "verifier/python_exec",
    "verifier",
    "Python check",
    PythonExecSettings,
    verify_python,
    needs_backend=False,
    players=PLAYERS,
    summary="Runs the Python code of a trace, closed in, and checks what its steps say it prints and holds.",
)
