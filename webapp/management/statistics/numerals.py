"""Numbers as people write them into tables."""

from __future__ import annotations

import re

# float() also takes "1_000", "infinity" and the digits of other scripts.
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def as_number(text: str) -> int | float | None:
    """The number, whole where it is (``1`` and ``1.0`` are the same label); None when it is none."""
    if not _NUMBER.fullmatch(text):
        return None
    number = float(text)
    whole = int(text) if text.lstrip("+-").isdigit() else None
    if whole is None and number.is_integer() and abs(number) < 2**53:
        whole = int(number)
    return number if whole is None else whole
