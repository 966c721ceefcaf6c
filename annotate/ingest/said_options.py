"""Reading options as forms, requests and rows hold them: words by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from annotate.enums import RaterKind
from annotate.errors import Rejected
from annotate.ingest.album import BadImages
from annotate.ingest.fields import kind_of, one_of
from annotate.ingest.options import ReadOptions, pairs_of
from annotate.ingest.splitting import SplitMode

_MAPPINGS = ("columns", "values")
# Whoever sends a file names no folder of this machine, no other file, and not who fetches.
_KNOWN = frozenset(one.name for one in fields(ReadOptions)) - {"images_from", "problems", "afar"}


def options_from(said: Mapping[str, Any]) -> ReadOptions:
    """Raises Rejected with the option's name for one that there is none of, or that cannot be so."""
    given: dict[str, Any] = {}
    for name, value in said.items():
        if name not in _KNOWN:
            raise Rejected(f"there is no such option; there are {', '.join(sorted(_KNOWN))}", field=name)
        if value in (None, "", {}):
            continue
        given[name] = _value(name, value)
    return ReadOptions(**given)


def _value(name: str, value: object) -> object:
    if name == "split":
        return one_of(value, SplitMode, name)
    if name == "rater_kind":
        return one_of(value, RaterKind, name)
    if name == "bad_images":
        return one_of(value, BadImages, name)
    if name == "counts_from":
        if isinstance(value, bool) or not isinstance(value, int):
            raise Rejected(f"must be a whole number, not {kind_of(value)}", field=name)
        return value
    if name in _MAPPINGS:
        if not isinstance(value, Mapping) or not all(isinstance(one, str) for one in value.values()):
            raise Rejected("must be an object of strings", field=name)
        return dict(value)
    if not isinstance(value, str):
        raise Rejected(f"must be a string, not {kind_of(value)}", field=name)
    return value


def mapping_in(text: str, field: str) -> dict[str, str]:
    """Lines of the form ``name = column``, for ``columns`` or ``values``. Rejected names the line that is none."""
    lines = [line for line in text.splitlines() if line.strip()]
    try:
        return pairs_of(lines, "value" if field == "values" else "map")
    except Rejected as error:
        raise Rejected(error.reason, field=field) from None
