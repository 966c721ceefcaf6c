"""The level that a value from elsewhere stands for. What nobody has said anything about is an error, never *bad*."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from annotate.enums import Verdict
from annotate.errors import Rejected
from annotate.ingest.fields import kind_of
from annotate.ingest.label_fields import RECOVERABLE, VERDICT

# "0" is missing on purpose: it is neutral in one file and wrong in the next.
_WORDS = {
    Verdict.GOOD: ("good", "correct", "right", "true", "yes", "valid", "positive", "1", "+", "+1"),
    Verdict.NEUTRAL: ("neutral", "okay"),
    Verdict.BAD: ("bad", "incorrect", "wrong", "false", "no", "invalid", "negative", "-1", "-", "−1"),
    Verdict.UNSURE: ("unsure", "unclear"),
}
_LEVELS = {word: level.value for level, words in _WORDS.items() for word in words}


def level_of(value: Any, criterion: str, values: Mapping[str, str], path: str) -> str | None:
    """The level's key; None for a value that says nothing.

    What ``values`` names goes first. Of a verdict the usual words are known; of any other question the value is the key
    itself. Raises Rejected with the path for what stands for nothing.
    """
    word = word_of(value, path)
    if word is None:
        return None
    if word in values:
        return values[word]
    if criterion not in (VERDICT, RECOVERABLE):
        return word
    level = _LEVELS.get(word.casefold())
    if level is None:
        raise Rejected(f"{word[:60]!r} stands for no level; say which (value {word[:60]}=LEVEL)", field=path)
    return level


def word_of(value: Any, path: str) -> str | None:
    """A value as the word it is named by: true, 1, -1, good."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int | float | str):
        word = str(value).strip()
        return word or None
    raise Rejected(f"must be a word, a number or a truth value, not {kind_of(value)}", field=path)
