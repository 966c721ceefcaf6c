from __future__ import annotations

from itertools import accumulate

import pytest

pytest.importorskip("tokenizers", reason="local models are not installed")

from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from annotate.prelabel.contracts import Message
from tests.workers.backends.tiny import TEMPLATE, byte_tokenizer
from workers.backends.chat_prompt import ChatPrompt

STEPS = ("Add 2.\n\n", "So 5.\n\n", "Done.")
QUESTION = Message("user", "Q")


def merging_tokenizer() -> PreTrainedTokenizerFast:
    """Bytes, and one token for a full stop with the blank line after it, as many vocabularies have."""
    vocabulary = {"<s>": 0, "</s>": 1}
    signs = [*sorted(pre_tokenizers.ByteLevel.alphabet()), "ĊĊ", ".ĊĊ"]
    vocabulary |= {sign: number for number, sign in enumerate(signs, 2)}
    inner = Tokenizer(models.BPE(vocab=vocabulary, merges=[("Ċ", "Ċ"), (".", "ĊĊ")]))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    inner.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=inner, bos_token="<s>", eos_token="</s>")
    tokenizer.chat_template = TEMPLATE
    return tokenizer


def test_prefix_that_ends_with_its_separator_has_the_tokens_the_model_wrote() -> None:
    chat = ChatPrompt(merging_tokenizer())
    whole = chat.ids(chat.text([QUESTION, Message("assistant", "".join(STEPS))]))
    for prefix in accumulate(STEPS):
        ids = chat.ids(chat.text([QUESTION, Message("assistant", prefix)]))
        assert ids == whole[: len(ids)]


def test_score_is_cut_at_the_last_token_that_ends_before_the_boundary() -> None:
    tokenizer = merging_tokenizer()
    chat = ChatPrompt(tokenizer)
    prompt = chat.text([QUESTION, Message("assistant", "Add 2.")])
    found = chat.scored(prompt, "\n\nSo 5.")
    assert list(found.ids) == chat.ids(prompt + "\n\nSo 5.")
    assert tokenizer.convert_ids_to_tokens(found.ids[found.start]) == ".ĊĊ"
    assert found.spans[:2] == ((0, 2), (2, 3))
    separators_kept = chat.scored(prompt + "\n\n", "So 5.")
    assert separators_kept.ids == found.ids
    assert separators_kept.start == found.start + 1
    assert separators_kept.spans[0] == (0, 1)


def test_scores_of_the_steps_are_one_reading_of_the_whole() -> None:
    chat = ChatPrompt(merging_tokenizer())
    whole = chat.scored(chat.text([QUESTION]), "".join(STEPS))
    at = whole.start
    for done, step in zip(("", *accumulate(STEPS)), STEPS, strict=False):
        found = chat.scored(chat.text([QUESTION, Message("assistant", done)]), step)
        assert found.ids == whole.ids[: len(found.ids)]
        assert found.start == at
        at = len(found.ids)
    assert at == len(whole.ids)


def test_characters_of_several_tokens_share_their_span() -> None:
    chat = ChatPrompt(byte_tokenizer())
    found = chat.scored(chat.text([QUESTION]), "é🙂")
    assert found.spans == ((0, 1), (0, 1), (1, 2), (1, 2), (1, 2), (1, 2))
    assert len(found.ids) - found.start == 6
