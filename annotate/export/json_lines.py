"""One row of a JSON lines file (pure)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

# Line ends to some readers, which would tear a row in two; JSON may carry them escaped.
_LINE_ENDS = {"\x85": "\\u0085", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def json_line(row: Mapping[str, Any]) -> str:
    line = json.dumps(row, ensure_ascii=False)
    for character, escape in _LINE_ENDS.items():
        line = line.replace(character, escape)
    return line + "\n"
