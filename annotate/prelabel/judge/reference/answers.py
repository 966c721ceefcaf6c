"""Read an alignment, all of it or none of it.

Numbers start at 1 in the prompt and become indices here and nowhere else. Anything short of one complete, consistent
entry for every step raises ``Unread``: half an alignment would label the steps that happened to come first.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from annotate.prelabel.asking.choices import Unread

Verdict = Literal["right", "wrong", "different route"]

_KEYS = frozenset({"step", "explanation", "context", "earlier", "reference", "errors", "verdict"})
# Many models cannot write JSON without this around it.
_FENCED = re.compile(r"\s*```(?:json)?\n(.*)\n```\s*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Aligned:
    """One step held against the reference; ``index``, ``earlier`` and ``reference`` count from 0."""

    index: int
    verdict: Verdict
    explanation: str
    context: str
    earlier: tuple[int, ...]
    reference: tuple[int, ...]
    errors: tuple[str, ...]


def read_alignment(text: str, mark: str, own: Sequence[int], parts: int) -> tuple[Aligned, ...]:
    """Entries for exactly the steps at the indices ``own``, against a reference of ``parts`` parts."""
    entries = _entries(text, mark)
    aligned = [_aligned(entry, parts) for entry in entries]
    if [one.index for one in aligned] != list(own):
        named = ", ".join(str(one.index + 1) for one in aligned) or "none"
        raise Unread(f"the alignment is of paragraphs {named}, not of all {len(own)} in order")
    return tuple(aligned)


def _entries(text: str, mark: str) -> list[Any]:
    blocks = re.findall(rf"<alignment_{mark}>(.*?)</alignment_{mark}>", text, re.DOTALL)
    if len(blocks) != 1:
        raise Unread("the answer holds several alignments" if blocks else "the answer holds no alignment")
    fenced = _FENCED.fullmatch(blocks[0])
    try:
        # A line break within a text is no reason to lose the answer: strict=False lets it stand.
        entries = json.loads(fenced[1] if fenced else blocks[0], object_pairs_hook=_object, strict=False)
    except (ValueError, RecursionError):
        raise Unread("the alignment is not JSON") from None
    if not isinstance(entries, list):
        raise Unread("the alignment is not a list")
    return entries


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    if len(set(keys)) != len(keys):
        raise Unread("an entry of the alignment says one thing twice")
    return dict(pairs)


def _aligned(entry: Any, parts: int) -> Aligned:
    if not isinstance(entry, dict) or entry.keys() != _KEYS:
        raise Unread("an entry of the alignment has not exactly the keys asked for")
    step = entry["step"]
    if not _is_number(step, range(1, 10**9)):
        raise Unread("an entry of the alignment has no paragraph number")
    if entry["verdict"] not in get_args(Verdict):
        raise Unread(f"paragraph {step} has no verdict that was asked for")
    for key in ("explanation", "context"):
        if not isinstance(entry[key], str):
            raise Unread(f"paragraph {step}: the {key} is not a text")
    if not entry["explanation"].strip():
        raise Unread(f"paragraph {step} has no explanation")
    errors = entry["errors"]
    if not isinstance(errors, list) or not all(isinstance(e, str) and e.strip() for e in errors):
        raise Unread(f"paragraph {step}: the errors are not a list of texts")
    if bool(errors) != (entry["verdict"] == "wrong"):
        raise Unread(f"paragraph {step} is called {entry['verdict']} with {len(errors)} errors named")
    return Aligned(
        step - 1,
        entry["verdict"],
        entry["explanation"].strip(),
        entry["context"].strip(),
        _indices(entry, "earlier", range(1, step)),
        _indices(entry, "reference", range(1, parts + 1)),
        tuple(error.strip() for error in errors),
    )


def _indices(entry: dict[str, Any], key: str, allowed: Collection[int]) -> tuple[int, ...]:
    numbers = entry[key]
    if not isinstance(numbers, list) or not all(_is_number(number, allowed) for number in numbers):
        raise Unread(f"paragraph {entry['step']}: {key} names what is not there")
    return tuple(number - 1 for number in dict.fromkeys(numbers))


def _is_number(value: Any, allowed: Collection[int]) -> bool:
    # True is an int to Python, and 1.0 equals 1: neither is a number of a paragraph.
    return type(value) is int and value in allowed
