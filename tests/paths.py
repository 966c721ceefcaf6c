"""Where the public data sets lie, which are too large or too restricted to be part of the project."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
DATA_DIR = Path(os.environ.get("GRADUS_DATA_DIR") or REPOSITORY.parent / "shared" / "data")


def data_file(relative: str) -> Path:
    """A file of the public data; skips the calling test where it is absent."""
    path = DATA_DIR / relative
    if not path.is_file():
        pytest.skip(f"public data not here: {relative} (set GRADUS_DATA_DIR)")
    return path
