"""``--set key=value`` on a command line."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Literal, get_args, get_origin, get_type_hints

from annotate.errors import Rejected


def settings_from(pairs: Iterable[str], settings: type) -> dict[str, Any]:
    """Values by name for the dataclass ``settings``: a text field takes the text, any other reads it as JSON.

    Names and types are left to whoever builds the settings; ``Rejected`` here means the pair itself is broken.
    """
    hints = get_type_hints(settings)
    found: dict[str, Any] = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not sign or not name:
            raise Rejected(f"{pair!r} is not of the form key=value.", field="set")
        if name in found:
            raise Rejected(f"{name} is set twice.", field="set")
        found[name] = value if _is_text(hints.get(name)) else _read(value)
    return found


def _is_text(hint: Any) -> bool:
    is_choice = get_origin(hint) is Literal and all(isinstance(choice, str) for choice in get_args(hint))
    return hint is str or is_choice


def _read(value: str) -> Any:
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value
