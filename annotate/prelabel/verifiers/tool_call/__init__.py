"""The tool verifier: ``calls`` checks what is asked of tools, ``results`` what is said of their answers."""

from annotate.prelabel.checking.verdicts import VerifierSettings
from annotate.prelabel.entries import StrategyEntry
from annotate.prelabel.verifiers.tool_call.verifier import verify_tool_calls

__all__ = ["STRATEGY", "verify_tool_calls"]

STRATEGY = StrategyEntry(
    "verifier/tool_call",
    "verifier",
    "Tool call check",
    VerifierSettings,
    verify_tool_calls,
    needs_backend=False,
    summary="Checks an agent's tool calls against the tools' schemas, and what it says of the results.",
)
