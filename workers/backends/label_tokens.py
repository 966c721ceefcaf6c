"""Read the probability of each allowed answer off the next token's log-probabilities.

Only answers that are one token can be read so. The log-probabilities are those of the unmodified model: nothing is
forbidden to it, so what the answers do not get shows how much it wanted to say something else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from workers.backends.chat_answer import choices_of

# How many tokens servers list at most unless told otherwise, and how many ids they take.
MOST_LISTED = 20
MOST_NAMED = 128
TAIL = 64


def tokenize_bodies(
    model: str, prefix: str, label: str
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Questions for ``/tokenize``: a prompt that ends like ours, the same with the label after it, the label alone.

    A label's tokens may depend on what stands before it, and that is the end of the begun answer or the head of the
    assistant's turn, so a short conversation stands for ours.
    """
    tail = prefix[-TAIL:]
    question = {"role": "user", "content": "?"}
    begun = [question, {"role": "assistant", "content": tail}] if tail else [question]
    said = [question, {"role": "assistant", "content": tail + label}]
    flags = {"model": model, "add_special_tokens": False}
    return (
        {**flags, "messages": begun, "add_generation_prompt": not tail, "continue_final_message": bool(tail)},
        {**flags, "messages": said, "add_generation_prompt": False, "continue_final_message": True},
        {**flags, "prompt": label},
    )


def single_token(before: Sequence[int], after: Sequence[int], alone: Sequence[int]) -> int | None:
    """The label's one token in its place, None when it is not one.

    ``alone`` is asked where the label does not simply follow. A template may dress a finished turn differently from an
    open one, and then the label speaks for itself; after a begun answer it may have melted into the word before it,
    and then nobody does (``alone`` empty).
    """
    if list(after[: len(before)]) == list(before):
        return after[-1] if len(after) == len(before) + 1 else None
    return alone[0] if len(alone) == 1 else None


def named_fields(ids: Sequence[int]) -> dict[str, Any]:
    """Fields that ask for exactly these tokens; a server that does not know them lists as many most probable ones."""
    listed = {"logprobs": True, "top_logprobs": len(ids), "return_tokens_as_token_ids": True}
    return {**listed, "logprob_token_ids": list(ids)}


def top_fields() -> dict[str, Any]:
    return {"logprobs": True, "top_logprobs": MOST_LISTED}


def read_labels(
    answer: Mapping[str, Any], choices: Sequence[str], ids: Mapping[str, int]
) -> dict[str, float]:
    """Natural-log probabilities of the answers found among the first token's; those not listed are absent."""
    first: Mapping[str, Any] = next(iter(choices_of(answer)), {})
    content = (first.get("logprobs") or {}).get("content") or ()
    listed = list(content[0].get("top_logprobs") or ()) if content else []
    told: dict[str, float] = {str(entry.get("token")): float(entry["logprob"]) for entry in listed}
    found: dict[str, float] = {}
    for choice in choices:
        names = [f"token_id:{ids[choice]}"] if choice in ids else []
        value = next((told[name] for name in (*names, choice) if name in told), None)
        if value is not None:
            found[choice] = value
    return found
