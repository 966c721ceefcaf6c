"""The same mathematics in other signs and words, exchanged by rule."""

from __future__ import annotations

import re

_SPACE_AROUND_SIGNS = re.compile(r"(?<=\d)[ \t]*(?P<sign>[=+×])[ \t]*(?=\d)")
_MINUS = re.compile(r"(?<=\d) - (?=\d)")
_TIMES = re.compile(r"(?<=\d)[ \t]*\*[ \t]*(?=\d)")
_SYNONYMS = {"so": "therefore", "thus": "hence", "therefore": "so", "hence": "thus"}
_SYNONYM = re.compile(rf"\b(?:{'|'.join(_SYNONYMS)})\b", re.IGNORECASE)


def respelled(text: str) -> str:
    """A real minus sign, a times sign, and the spaces around signs turned over (none where there were some)."""
    text = _MINUS.sub(" − ", _TIMES.sub(" × ", text))
    return _SPACE_AROUND_SIGNS.sub(
        lambda found: found["sign"] if " " in found[0] else f" {found['sign']} ", text
    )


def paraphrased(text: str) -> str:
    """Words of conclusion exchanged for others that mean the same."""
    return _SYNONYM.sub(_synonym, text)


def _synonym(found: re.Match[str]) -> str:
    word = _SYNONYMS[found[0].lower()]
    return word.capitalize() if found[0][0].isupper() else word
