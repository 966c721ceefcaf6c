"""The one string that an answer of several tags is: ``sign unit``, or with severities ``sign:minor unit:fatal``."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from annotate.errors import Rejected
from annotate.models.label import LONGEST_VALUE


def tags_in(value: str) -> tuple[str, ...]:
    """The tags of an answer without their severities; of an answer with one level, that level."""
    return tuple(part.partition(":")[0] for part in value.split())


def tidy_tags(value: str, tags: Collection[str], severities: Sequence[str]) -> str:
    """The same answer in alphabetical order. Raises Rejected for what is unknown, doubled, missing or too long."""
    parts = sorted(set(value.split()))
    if not parts:
        raise Rejected("it needs at least one tag", field="value")
    seen: set[str] = set()
    for part in parts:
        tag, colon, severity = part.partition(":")
        if tag not in tags:
            raise Rejected(f"{tag!r} is no level; known: {', '.join(sorted(tags))}", field="value")
        if tag in seen:
            raise Rejected(f"{tag} is there with two severities", field="value")
        if severities and severity not in severities:
            raise Rejected(
                f"{tag} needs a severity ({tag}:{severities[0]}): {', '.join(severities)}", field="value"
            )
        if colon and not severities:
            raise Rejected(f"tags have no severities here, and {part!r} has one", field="value")
        seen.add(tag)
    joined = " ".join(parts)
    if len(joined) > LONGEST_VALUE:
        raise Rejected(f"too many tags at once: {joined}", field="value")
    return joined
