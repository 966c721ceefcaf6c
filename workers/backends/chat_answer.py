"""Read a chat server's answer: texts, what they cost, and how they ended."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from annotate.prelabel.contracts import Completion, FinishReason

_FINISH: Mapping[str, FinishReason] = {"stop": "stop", "length": "length", "content_filter": "refused"}


@dataclass(frozen=True, slots=True)
class Prices:
    """US dollars per million tokens; None where nobody stated them."""

    usd_in: float | None = None
    usd_out: float | None = None

    def of(self, usage: Mapping[str, Any]) -> float | None:
        """What a call cost: the server's own word, else tokens times price. A cache's discount is not known here."""
        told = usage.get("cost")
        if isinstance(told, int | float) and not isinstance(told, bool):
            return float(told)
        if self.usd_in is None and self.usd_out is None:
            return None
        paid = prompt_tokens(usage) * (self.usd_in or 0.0) + completion_tokens(usage) * (self.usd_out or 0.0)
        return paid / 1e6


def prompt_tokens(usage: Mapping[str, Any]) -> int:
    return int(usage.get("prompt_tokens") or usage.get("input_tokens") or 0)


def completion_tokens(usage: Mapping[str, Any]) -> int:
    return int(usage.get("completion_tokens") or usage.get("output_tokens") or 0)


def choices_of(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = answer.get("choices") or []
    return sorted(found, key=lambda choice: choice.get("index", 0))


def read_texts(
    answer: Mapping[str, Any], blanks: Sequence[Completion], prices: Prices, *, is_wrapped: bool = False
) -> list[Completion]:
    """The answer's texts on as many of ``blanks`` as it has texts for.

    What the call cost is shared out so that it adds up to the server's bill: the prompt is on the first, each text
    has its own tokens where the server lists them, else they share the total as evenly as whole numbers allow.
    ``is_wrapped``: each text is a JSON object whose ``answer`` is meant.
    """
    usage = answer.get("usage") or {}
    choices = choices_of(answer)[: len(blanks)]
    tokens = _shared_out(choices, completion_tokens(usage), is_all=len(choices) == len(choices_of(answer)))
    cost = prices.of(usage)
    found = []
    for place, (blank, choice) in enumerate(zip(blanks, choices, strict=False)):
        message = choice.get("message") or {}
        text = message.get("content") or ""
        reason = str(choice.get("finish_reason"))
        finish: FinishReason = "refused" if message.get("refusal") else _FINISH.get(reason, "error")
        found.append(
            replace(
                blank,
                text=_unwrapped(text) if is_wrapped else text,
                finish_reason=finish,
                prompt_tokens=prompt_tokens(usage) if place == 0 else 0,
                completion_tokens=tokens[place],
                cost=cost if cost is None or place == 0 else 0.0,
                error=f"the server ended with {reason!r}" if finish == "error" else "",
            )
        )
    return found


def _shared_out(choices: Sequence[Mapping[str, Any]], total: int, *, is_all: bool) -> list[int]:
    told = [len(choice.get("token_ids") or ()) for choice in choices]
    if all(told) and is_all and sum(told) == total:
        return told
    share, rest = divmod(total, len(choices) or 1)
    return [share + (place < rest) for place in range(len(choices))]


def _unwrapped(text: str) -> str:
    try:
        told = json.loads(text)
    except ValueError:
        return text
    return str(told["answer"]) if isinstance(told, dict) and "answer" in told else text
