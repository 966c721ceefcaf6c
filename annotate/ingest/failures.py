"""What failed within a run of an agent, as the meta of its trace keeps it. What is left out is said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from annotate.ingest.fields import clean_text

LONGEST = 500
MOST = 20


def failure(said: str, path: str, *, longest: int = LONGEST) -> str:
    """The beginning of it, with an ellipsis where it goes on."""
    text = clean_text(said[: longest + 1], path)
    return text if len(text) <= longest else f"{text[:longest]}…"


def failures_of(errors: Sequence[str]) -> dict[str, Any]:
    """The first of them under ``errors``, and how many more there were; nothing where nothing failed."""
    if not errors:
        return {}
    more = len(errors) - MOST
    return {"errors": list(errors[:MOST])} | ({"errors_left_out": more} if more > 0 else {})
