"""docker-compose.yml as Compose reads it, so far as ours goes: ``${…}`` is filled in, and ``$$`` is one dollar."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

from tests.paths import REPOSITORY

_HOLE = re.compile(r"\$(?:\$|\{(?P<name>[A-Z_]+)(?:(?P<how>:[-+?])(?P<word>[^}]*))?\})")


def compose_file(variables: Mapping[str, str]) -> dict[str, Any]:
    """The file with these variables in ``.env``. Raises ValueError where one is demanded and not there."""
    read: dict[str, Any] = _filled(yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text()), variables)
    for service in read["services"].values():
        for name, value in service.get("environment", {}).items():
            # Without a value it is handed on as it is.
            service["environment"][name] = variables.get(name) if value is None else value
    return read


def _filled(node: Any, variables: Mapping[str, str]) -> Any:
    if isinstance(node, dict):
        return {name: _filled(value, variables) for name, value in node.items()}
    if isinstance(node, list):
        return [_filled(value, variables) for value in node]
    return fill(node, variables) if isinstance(node, str) else node


def fill(text: str, variables: Mapping[str, str]) -> str:
    def filled(hole: re.Match[str]) -> str:
        if hole[0] == "$$":
            return "$"
        value = variables.get(hole["name"], "")
        match hole["how"]:
            case ":+":
                return hole["word"] if value else ""
            case ":-":
                return value or hole["word"]
            case ":?" if not value:
                raise ValueError(f"{hole['name']} {hole['word']}")
        return value

    if "$" in _HOLE.sub("", text):
        raise ValueError(f"Not understood here: {text}")
    return _HOLE.sub(filled, text)
