"""What tools have said so far, and whether a later step tells it truly."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from annotate.prelabel.checking.stated_values import UNIT, VALUE, alternatives, compare, key, sentences
from annotate.prelabel.checking.verdicts import Claim

MAX_CHARACTERS = 100_000
MAX_KEYS = 400
_FENCE = re.compile(r"```.*?```", re.DOTALL)
_DOUBTFUL = re.compile(
    r"\b(?:if|would|should|could|might|suppose|assum\w*|expect\w*|need\w*|not|n't|than|about|around|roughly|approximately|almost"
    r"|over|under|above|below|least|most|average|mean|total|sum|difference|each|every|per|other|another|previous\w*|originally"
    r"|new|old|updated?|changed?|will|was|were|had|user\w*|request\w*|wants?|or)\b|\?|≈|~",
    re.IGNORECASE,
)
_LOOK_BACK = 40
# Words before a key that leave it what it is.
_BEFORE_A_KEY = frozenset(
    (
        *("the", "a", "an", "its", "this", "that", "and", "with", "so", "then", "thus"),
        *("where", "while", "because", "since", "as", "but", "says", "shows", "found", "know"),
        *("see", "returned", "gives", "current", "exact", "actual"),
    )
)
_NAME = re.compile(r"(?<![.!?]\s)(?<!^)\b[A-Z][\w'’-]+")


@dataclass(slots=True)
class Results:
    """Plain values by their key, over all observations up to here, and every word that was said around them.

    ``fresh`` are the keys that were told since the last action: an action may change what was told before it.
    """

    values: dict[str, list[Any]] = field(default_factory=dict)
    fresh: set[str] = field(default_factory=set)
    names: dict[str, str] = field(default_factory=dict)
    words: str = ""

    def take(self, text: str) -> None:
        """Read an observation; only JSON has keys that can be held against later words."""
        self.heard(text)
        if len(text) > MAX_CHARACTERS:
            return
        try:
            told = json.loads(text)
        except (ValueError, RecursionError):
            return
        for name, value in _plain_values(told, ""):
            if len(self.values) < MAX_KEYS and len(key(name)) > 2:
                self.names.setdefault(key(name), name)
                self.values.setdefault(key(name), []).append(value)
                self.fresh.add(key(name))

    def acted(self) -> None:
        self.fresh.clear()

    def heard(self, text: str) -> None:
        self.words = (self.words + " " + text.casefold())[-MAX_CHARACTERS:]

    def claims(self, text: str) -> list[Claim]:
        """What a step says of these keys. Refuted only where one value was ever told for the key."""
        if not self.values:
            return []
        pattern = re.compile(
            rf"\b(?P<key>{alternatives(list(self.names.values()))})\b(?:\s+(?:of|in|for|at|on)\s+(?:the\s+)?[\w'’-]+(?:\s+[\w'’-]+)?)?"
            rf"\s*(?:is|are|equals|=|:)\s*(?:now\s+|exactly\s+)?{VALUE}{UNIT}",
            re.IGNORECASE,
        )
        found = []
        for sentence in sentences(_FENCE.sub(" ", text)):
            # Asked once: a sentence may hold thousands of claims.
            is_foreign = any(name.casefold() not in self.words for name in _NAME.findall(sentence))
            is_certain = not is_foreign and not _DOUBTFUL.search(sentence)
            for match in pattern.finditer(sentence):
                # "The return price" is another price.
                before = sentence[max(0, match.start() - _LOOK_BACK) : match.start()].casefold().split()
                is_own = not before or before[-1] in _BEFORE_A_KEY
                found.append(self._claim(match, is_certain and is_own))
        return found

    def _claim(self, match: re.Match[str], is_certain: bool) -> Claim:
        values = self.values.get(key(match["key"]), [])
        shown = ", ".join(dict.fromkeys(str(value) for value in values[:5]))
        if not values:
            return Claim(match[0], "unclear")
        statuses = {compare(match["value"], value) for value in values}
        if "supported" in statuses:
            return Claim(match[0], "supported", found=match["value"], expected=shown, reason="a tool said so")
        is_certain = is_certain and key(match["key"]) in self.fresh
        is_certain = is_certain and not (match["unit"] or "").strip()
        if is_certain and statuses == {"refuted"} and len({str(value) for value in values}) == 1:
            return Claim(match[0], "refuted", match["value"], shown, f"the tool said {shown}")
        return Claim(match[0], "unclear", match["value"], shown, "it may speak of something else")


def _plain_values(told: Any, name: str) -> Iterator[tuple[str, Any]]:
    if isinstance(told, dict):
        for part, value in told.items():
            yield from _plain_values(value, str(part))
    elif isinstance(told, list):
        for value in told:
            yield from _plain_values(value, name)
    elif name and isinstance(told, str | int | float) and not isinstance(told, bool) and len(str(told)) <= 80:
        yield name, told
