"""The embedded profile in a home of its own, as a command sees it, and what it leaves running."""

from __future__ import annotations

import os
from pathlib import Path


def environment(home: Path) -> dict[str, str]:
    ours = ("GRADUS_", "DJANGO_", "DATABASE_URL")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return kept | {"GRADUS_HOME": str(home), "GRADUS_NO_BOOTSTRAP": "1", "PYTHONUNBUFFERED": "1"}


def processes_under(home: Path) -> list[int]:
    """Processes that still carry this demo's home in their environment."""
    mark = f"GRADUS_HOME={home}".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (
                mark in (entry / "environ").read_bytes()
                and "Z" not in (entry / "stat").read_text().split()[2]
            ):
                found.append(int(entry.name))
        except OSError:
            continue
    return found
