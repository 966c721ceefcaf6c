"""Render chat messages to the exact tokens a model continues or scores."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from annotate.errors import BackendError
from annotate.prelabel.contracts import Message


@dataclass(frozen=True, slots=True)
class ScoredText:
    """Prompt and text as the tokens a model reads.

    ``ids`` from ``start`` on are the text's; ``spans`` says which characters of the text each of those covers.
    """

    ids: tuple[int, ...]
    start: int
    spans: tuple[tuple[int, int], ...]


class ChatPrompt:
    """Renders with the tokenizer's own chat template, or raises ``BackendError(retry=False)``."""

    def __init__(self, tokenizer: Any) -> None:
        if not getattr(tokenizer, "chat_template", None):
            advice = "pick an instruction-tuned model or add a template to its folder."
            raise BackendError(f"this tokenizer has no chat template; {advice}", retry=False)
        if not tokenizer.is_fast:
            raise BackendError(
                "this tokenizer gives no character offsets; convert it to a fast one.", retry=False
            )
        self._tokenizer = tokenizer
        bos = tokenizer.bos_token_id
        self._implicit_bos = [bos] if bos is not None and tokenizer("")["input_ids"][:1] == [bos] else []

    def text(self, messages: Sequence[Message]) -> str:
        """The prompt as text. A final assistant message is continued from its last byte.

        The prefix is tokenised together with everything before it, never in parts. Where it ends with the separator
        that ends its step, its tokens are the first tokens of the longer text, as the model wrote them. What it
        cannot know is what followed: a prefix cut before ``\\n\\n`` ends in a full stop where the model had
        written one token for both, and is continued from there.

        The template is rendered around a placeholder which the prefix then replaces:
        ``continue_final_message`` of the library gives up white space at the prefix's ends wherever the
        template trims it.
        """
        last = messages[-1]
        if last.role != "assistant" or not last.content:
            asked = messages[:-1] if last.role == "assistant" else messages
            return self._rendered(asked, add_generation_prompt=True)
        placeholder = hashlib.sha256("\0".join(m.content for m in messages).encode()).hexdigest()
        turns = (*messages[:-1], Message("assistant", placeholder))
        rendered = self._rendered(turns, add_generation_prompt=False)
        if rendered.count(placeholder) != 1:
            raise BackendError(
                "the chat template does not show the assistant's turn exactly once.", retry=False
            )
        return rendered[: rendered.index(placeholder)] + last.content

    def ids(self, text: str) -> list[int]:
        """Tokens of a rendered prompt, with the start token once, whether or not the template wrote it."""
        return self._with_bos(self._tokenizer(text, add_special_tokens=False)["input_ids"])

    def scored(self, prompt: str, score: str) -> ScoredText:
        """Tokens of ``prompt`` and ``score``, tokenised once as a whole and cut between tokens.

        The prompt ends at the last token that ends before the boundary. A token that reaches over it (many
        vocabularies have one for a full stop with the blank line after it) is what the model would have written
        there, so it is the text's first; cutting the text first and tokenising the halves would ask for the
        probability of tokens that no model writes.
        """
        joint = self._tokenizer(prompt + score, add_special_tokens=False, return_offsets_mapping=True)
        offsets, edge = joint["offset_mapping"], len(prompt)
        cut = next((i for i, (_, end) in enumerate(offsets) if end > edge), len(offsets))
        ids = self._with_bos(joint["input_ids"])
        start = cut + len(ids) - len(offsets)
        spans = tuple((max(0, a - edge), b - edge) for a, b in offsets[cut:])
        return ScoredText(tuple(ids), start, spans)

    def _with_bos(self, ids: list[int]) -> list[int]:
        return ids if ids[: len(self._implicit_bos)] == self._implicit_bos else self._implicit_bos + ids

    def _rendered(self, messages: Sequence[Message], *, add_generation_prompt: bool) -> str:
        turns = [{"role": message.role, "content": message.content} for message in messages]
        try:
            rendered: str = self._tokenizer.apply_chat_template(
                turns, tokenize=False, add_generation_prompt=add_generation_prompt
            )
        # Templates are programs of strangers: jinja2 and whatever they raise themselves.
        except Exception as error:
            raise BackendError(
                f"the model's chat template refused the messages: {error}", retry=False
            ) from error
        return rendered
