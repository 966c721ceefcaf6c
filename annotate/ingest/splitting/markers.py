"""Marks that models and data sets put at the beginning or the end of a step.

An end mark counts to the step's tail, so that the step is judged and shown without it; a mark that opens a step stays
where it stands, because a step's text is kept whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

# Of a mark.
LONGEST = 100
_ENDINGS = r" ?ки|<extra_0>|<\|?(?:step_end|end_of_step|/step)\|?>"
_OPENINGS = r"<step(?:[ _]?\d{1,4})?>|<\|(?:step(?:_start|_\d{1,4})?|start_of_step)\|>|<paragraph_\d{1,4}>"
# An element's end tag is text of its step: an opening tag without it would be shown broken.
_CLOSINGS = r"</step(?:[ _]?\d{1,4})?>|</paragraph_\d{1,4}>"


class Markers:
    """The known marks, or one that somebody names: at the beginning of a text it opens steps, else it ends them."""

    def __init__(self, tag: str = "") -> None:
        self._tag = tag
        ending = re.escape(tag) if tag else _ENDINGS
        self._ending = re.compile(rf"(?:{ending})\s*")
        self._closing = re.compile(rf"(?:{_CLOSINGS})\s*")
        self._opening = re.compile(re.escape(tag) if tag else _OPENINGS)
        self._any = re.compile(ending if tag else f"{_ENDINGS}|{_OPENINGS}|{_CLOSINGS}")
        self._at_end = re.compile(rf"(?:{ending})\Z")

    def starts(self, text: str) -> Iterator[int]:
        """Where steps begin, in order."""
        if self._tag:
            is_opening = text.lstrip().startswith(self._tag)
            places = {
                found.start() if is_opening else found.end()
                for found in (self._opening if is_opening else self._ending).finditer(text)
            }
        else:
            places = {found.start() for found in self._opening.finditer(text)}
            places |= {
                found.end() for marks in (self._ending, self._closing) for found in marks.finditer(text)
            }
        yield from sorted(place for place in places if 0 < place < len(text))

    def has_words(self, piece: str) -> bool:
        """Whether it says anything beside its marks."""
        return bool(self._any.sub("", piece).strip())

    def tail_of(self, piece: str) -> int:
        """How many characters at the end of a piece with words are white space and end marks."""
        end = _trimmed(piece, len(piece))
        while (found := self._at_end.search(piece, max(0, end - LONGEST), end)) is not None:
            end = _trimmed(piece, found.start())
        return len(piece) - end


def _trimmed(text: str, end: int) -> int:
    while end and text[end - 1].isspace():
        end -= 1
    return end
