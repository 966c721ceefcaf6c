"""How long each address takes to answer, by its route: what is slow is to be found without a tool beside."""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from django.urls import URLPattern, URLResolver, get_resolver

from webapp.durations import Counted, Counts, summed

# Counts of processes that have counted nothing for so long go: what is slow now is to be found.
KEPT_SECONDS = 30 * 24 * 3600.0


@cache
def places() -> dict[str, int]:
    """Every route of the site. A version with other routes counts in files of another name."""
    return {route: i for i, route in enumerate(sorted(set(_routes(get_resolver().url_patterns, ""))))}


@cache
def ending() -> str:
    return f".{hashlib.sha256(chr(10).join(places()).encode()).hexdigest()[:8]}.routes"


def route_counts(folder: Path) -> Counts[str]:
    """For this process to count in."""
    forget_old(folder)
    return Counts(folder, places(), ending())


def forget_old(folder: Path) -> None:
    before = time.time() - KEPT_SECONDS
    for path in folder.glob("*.routes"):
        # Another process may have taken it away just now.
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < before:
                path.unlink()


def by_route(folder: Path) -> Counted[str]:
    return summed(folder, places(), ending())


def _routes(patterns: list[URLPattern | URLResolver], before: str) -> Iterator[str]:
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern.url_patterns, route)
        else:
            yield route
