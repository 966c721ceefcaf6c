"""Entries of an alignment as a judge would write them."""

from __future__ import annotations

from typing import Any


def entry(step: int, verdict: str = "right", **more: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "step": step,
        "explanation": f"about {step}",
        "context": "",
        "earlier": list(range(1, step)),
        "reference": [1],
        "errors": ["calculation"] if verdict == "wrong" else [],
        "verdict": verdict,
    }
    return {**fields, **more}
