"""What a second mention adds to the first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def merged(known: Mapping[str, Any], said: Mapping[str, Any]) -> Mapping[str, Any]:
    """``known`` with what ``said`` adds or says differently; objects inside are merged the same way.

    Nothing is dropped: two labelers of one solution come as two rows, and each brings half of its meta.
    """
    if not said:
        return known
    both = dict(known)
    for key, value in said.items():
        standing = both.get(key)
        both[key] = (
            merged(standing, value) if isinstance(standing, dict) and isinstance(value, dict) else value
        )
    return both
