"""What the API answers to a reviewer's decision."""

from __future__ import annotations

from annotate.errors import Conflict
from annotate.label.answers import Written


def decided(written: Written) -> int | None:
    """The label that was written, if any; raises what kept it from being written."""
    if written.refusal is not None:
        raise written.refusal
    if written.is_conflict:
        raise Conflict(f"Somebody decided this meanwhile: {written.value or 'took it back'}. Read it first.")
    return written.label_id
