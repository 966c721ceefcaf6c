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
    """Scores of the tokens that spell ``text``; ``Unmatched`` when the prompt does not end with it.

    A first token that begins before the text (a full stop with the blank line after it) is what the model would have
    written there, and counts with the part of it that lies in the text.
    """
    scores: list[TokenScore] = []
    end = len(text)
    for entry in reversed(entries):
        ranked = list(entry.values()) if entry else []
        piece = str(ranked[0].get("decoded_token") or "") if ranked else ""
        # A character's first bytes are spelled by nothing, its last ones by the whole of it: those belong to it.
        if end == 0 and (piece or not ranked):
            break
        if not ranked:
            raise Unmatched("the server's prompt is shorter than the scored text")
        start = max(0, end - len(piece))
        if not piece.endswith(text[start:end]) or len(piece) < end - start:
            raise Unmatched("the end of the server's prompt does not spell the scored text")
        best = max(float(token["logprob"]) for token in ranked)
        scores.append(TokenScore(start, end, float(ranked[0]["logprob"]), best))
        end = start
    if end:
        raise Unmatched("the server's prompt is shorter than the scored text")
    return tuple(reversed(scores))
