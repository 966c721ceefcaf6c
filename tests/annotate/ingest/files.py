"""Files to bring in, and rows to write into them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def a_row(external_id: str = "t1", **fields: Any) -> dict[str, Any]:
    """A good row of the own format; None takes a field away."""
    row = {
        "id": external_id,
        "problem": {"text": f"Problem of {external_id}"},
        "steps": ["One.", "Two.", "Three."],
    }
    return {name: value for name, value in (row | fields).items() if value is not None}


def a_file(folder: Path, *rows: object, name: str = "in.jsonl") -> Path:
    """JSON Lines; a string goes in as it is."""
    path = folder / name
    path.write_bytes(lines_of(*rows))
    return path


def lines_of(*rows: object) -> bytes:
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    return ("\n".join(lines) + "\n").encode("utf-8", errors="surrogatepass")
