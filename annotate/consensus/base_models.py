"""Which model stands behind a machine rater: raters of one base model may err alike (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl


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
