"""``--set key=value`` on a command line."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from annotate.errors import Rejected


def settings_from(pairs: Iterable[str]) -> dict[str, Any]:
    """Settings by name. A value is read as JSON where it is JSON (8, true, ["a", "b"]), else as the text it is."""
    settings: dict[str, Any] = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not sign or not name:
            raise Rejected(f"{pair!r} is not of the form key=value.", field="set")
        if name in settings:
            raise Rejected(f"{name} is set twice.", field="set")
        settings[name] = _read(value)
    return settings


def _read(value: str) -> Any:
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value
