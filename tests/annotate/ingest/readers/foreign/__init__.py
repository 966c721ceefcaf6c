"""Files that other tools wrote themselves, made by the scripts beside them, which name the versions."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent
