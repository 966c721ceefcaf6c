"""Turn tokens into text one by one, without cutting a character and without a stop string in the result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
# Decoding begins a few tokens early because some tokenizers drop the space before a text's first word.
CONTEXT = 6
# No character has more than four bytes; what is still unreadable after this many tokens stays unreadable.
PATIENCE = 8


class TextPieces:
    """The continuation of one row.

    Tokens are decoded together with a little of what precedes them, and only what they add is kept. A
    trailing replacement character is held back until later tokens complete it.
    """

    def __init__(self, tokenizer: Any, prompt: Sequence[int], stop: Sequence[str]) -> None:
        self._tokenizer = tokenizer
        self._ids = list(prompt[-CONTEXT:])
        self._from = 0
        self._read = len(self._ids)
        self._stop = tuple(text for text in stop if text)
        self._is_stopped = False
        self.text = ""

    def push(self, token: int) -> bool:
        """Take one token; True when a stop string is complete, and then ``text`` ends before it."""
        self._ids.append(token)
        piece = self._pending()
        is_patient = len(self._ids) - self._read < PATIENCE
        if not piece or (piece.endswith(REPLACEMENT) and is_patient):
            return False
        return self._keep(piece)

    def end(self, *, is_cut: bool) -> str:
        """The final text. When generation was cut off, half a character at the end is left out."""
        if not self._is_stopped:
            piece = self._pending()
            self._keep(piece.rstrip(REPLACEMENT) if is_cut else piece)
        return self.text

    def _pending(self) -> str:
        before = self._decoded(self._ids[self._from : self._read])
        return self._decoded(self._ids[self._from :])[len(before) :]

    def _keep(self, piece: str) -> bool:
        seen = len(self.text)
        self.text += piece
        self._from, self._read = self._read, len(self._ids)
        places = [self.text.find(stop, max(0, seen - len(stop) + 1)) for stop in self._stop]
        found = [place for place in places if place >= 0]
        if found:
            self._is_stopped = True
            self.text = self.text[: min(found)]
        return self._is_stopped

    def _decoded(self, ids: Sequence[int]) -> str:
        decoded: str = self._tokenizer.decode(
            ids, skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        return decoded
