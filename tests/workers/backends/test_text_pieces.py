from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("torch", reason="local models are not installed")

from tests.workers.backends.tiny import byte_tokenizer
from workers.backends.text_pieces import TextPieces

TOKENIZER: Any = byte_tokenizer()
UNICODE = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


def ids(text: str) -> list[int]:
    found: list[int] = TOKENIZER(text, add_special_tokens=False)["input_ids"]
    return found


@given(prompt=UNICODE, text=UNICODE)
def test_pieces_put_the_text_together_again(prompt: str, text: str) -> None:
    pieces = TextPieces(TOKENIZER, ids(prompt), ())
    for token in ids(text):
        assert not pieces.push(token)
        assert text.startswith(pieces.text), "never half a character"
    assert pieces.end(is_cut=False) == text


@given(text=UNICODE, cut=st.integers(0, 200))
def test_text_cut_off_ends_with_a_whole_character(text: str, cut: int) -> None:
    pieces = TextPieces(TOKENIZER, ids("Q"), ())
    for token in ids(text)[:cut]:
        pieces.push(token)
    whole = text.encode()[:cut].decode(errors="ignore")
    assert pieces.end(is_cut=True) == whole.rstrip("\N{REPLACEMENT CHARACTER}")


@given(before=UNICODE, stop=UNICODE.filter(bool), after=UNICODE)
def test_first_complete_stop_string_ends_the_text(before: str, stop: str, after: str) -> None:
    text = before + stop + after
    pieces = TextPieces(TOKENIZER, ids("Q"), ("\0never\0", stop))
    is_stopped = any(pieces.push(token) for token in ids(text))
    assert is_stopped
    assert pieces.end(is_cut=False) == text[: text.index(stop)]


def test_bytes_that_are_no_character_do_not_hold_text_back_for_ever() -> None:
    pieces = TextPieces(TOKENIZER, ids("Q"), ("stop",))
    broken = ids("é")[:1]
    for token in [*broken * 20, *ids("stop")]:
        pieces.push(token)
    assert pieces.end(is_cut=False) == "\N{REPLACEMENT CHARACTER}" * 20
