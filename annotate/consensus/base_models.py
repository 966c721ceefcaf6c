"""Which model stands behind a machine rater, and which other is the same machine drawn again (pure).

Raters of one base model may err alike; what differs from another by chance alone will mostly say the same again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

# Settings that say how often a machine is asked and by what chance, not what.
_OF_CHANCE = frozenset({"seed", "votes", "min_votes", "temperature"})


@dataclass(frozen=True, slots=True)
class Origin:
    """``family`` is the base model, ``machine`` all that makes a judge what it is but chance; empty where unknown."""

    family: str = ""
    machine: str = ""

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Origin:
        family, settings = base_model(config), config.get("settings")
        if not family or not isinstance(settings, Mapping):
            return cls(family)
        same = {name: value for name, value in settings.items() if name not in _OF_CHANCE}
        about = [config.get("strategy"), config.get("backend"), same]
        return cls(family, json.dumps(about, sort_keys=True))


def base_model(config: Mapping[str, Any]) -> str:
    """The model that a rater's backend serves, as its address names it; empty where there is none.

    ``openai:http://gpu1:8000/v1?model=qwen3-8b`` serves ``qwen3-8b``, wherever it runs; an address without a model,
    such as ``transformers:fixtures/models/judge?batch=64``, the checkpoint it names.
    """
    address = config.get("backend")
    if not isinstance(address, str) or not address:
        return ""
    _, _, rest = address.partition(":")
    target, _, query = rest.partition("?")
    return (dict(parse_qsl(query)).get("model") or target).rstrip("/").lower()
