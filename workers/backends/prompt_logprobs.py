"""Read the log-probabilities of a text at the end of a prompt from vLLM's ``prompt_logprobs``.

One entry per prompt token: None for the first, else a mapping from token id to ``{"logprob", "rank",
"decoded_token"}`` that holds the prompt's own token first and the most probable ones after it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from annotate.prelabel.contracts import TokenScore


class Unmatched(Exception):
    """The prompt's last tokens do not spell the scored text, so no token can be blamed."""


def scores_from(
    entries: Sequence[Mapping[str, Mapping[str, Any]] | None], text: str
) -> tuple[TokenScore, ...]:
    """Scores of the tokens that spell ``text`` exactly; ``Unmatched`` when one reaches over its beginning."""
    scores: list[TokenScore] = []
    end = len(text)
    for entry in reversed(entries):
        if end == 0:
            break
        if not entry:
            raise Unmatched("the server's prompt is shorter than the scored text")
        ranked = list(entry.values())
        piece = str(ranked[0].get("decoded_token") or "")
        start = end - len(piece)
        if start < 0 or text[start:end] != piece:
            raise Unmatched("the scored text is not made of whole tokens of the server's prompt")
        best = max(float(token["logprob"]) for token in ranked)
        scores.append(TokenScore(start, end, float(ranked[0]["logprob"]), best))
        end = start
    if end:
        raise Unmatched("the server's prompt is shorter than the scored text")
    return tuple(reversed(scores))
