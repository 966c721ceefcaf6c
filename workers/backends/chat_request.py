"""What is sent to a chat server for one request: every knob, spelled out."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from annotate.prelabel.contracts import Message, Request, Sampling

MAX_SEED = 1 << 31
# Seeds of one request count up from a base; this keeps them from wrapping on the way.
_MOST_SAMPLES = 1 << 16


def has_prefix(request: Request) -> bool:
    """Whether the request is to continue a begun answer."""
    last = request.messages[-1]
    return last.role == "assistant" and bool(last.content)


def seed_of(request: Request, sample: int) -> int | None:
    """The seed of one sample; None where nothing is drawn. vLLM gives the i-th of ``n`` choices seed + i."""
    if request.sampling.temperature == 0:
        return None
    key = hashlib.sha256(f"{request.sampling.seed}:{request.digest}".encode()).digest()
    return (int.from_bytes(key[:4], "big") % (MAX_SEED - _MOST_SAMPLES) + sample) % MAX_SEED


def chat_body(
    model: str, messages: Sequence[Message], sampling: Sampling, *, is_vllm: bool
) -> dict[str, Any]:
    """The fields that every request carries: servers fill what is missing from the model's own defaults."""
    turns = [{"role": message.role, "content": message.content} for message in messages]
    body: dict[str, Any] = {
        "model": model,
        "messages": turns,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "max_tokens": sampling.max_tokens,
        "stop": list(sampling.stop) or None,
        "presence_penalty": 0.0,
        "frequency_penalty": 0.0,
        "stream": False,
    }
    if is_vllm:
        is_prefix = turns[-1]["role"] == "assistant" and bool(turns[-1]["content"])
        if turns[-1]["role"] == "assistant" and not is_prefix:
            del turns[-1]
        body |= {
            "top_k": sampling.top_k or -1,
            "min_p": 0.0,
            "repetition_penalty": 1.0,
            "continue_final_message": is_prefix,
            "add_generation_prompt": not is_prefix,
            "return_token_ids": True,
        }
    return body


def score_body(model: str, request: Request) -> dict[str, Any]:
    """Ask for the log-probabilities of ``request.score`` by sending it as part of the prefix."""
    last = request.messages[-1]
    before = request.messages[:-1] if last.role == "assistant" else request.messages
    begun = last.content if last.role == "assistant" else ""
    turns = (*before, Message("assistant", begun + request.score))
    body = chat_body(model, turns, request.sampling, is_vllm=True)
    return body | {"n": 1, "max_tokens": 1, "seed": 0, "prompt_logprobs": 1, "return_token_ids": False}


def constraint(choices: Sequence[str], field: str) -> dict[str, Any]:
    """Today's way to allow nothing but these texts, by the name of the field."""
    if field == "structured_outputs":
        return {"structured_outputs": {"choice": list(choices)}}
    if field == "response_format":
        schema = {
            "type": "object",
            "properties": {"answer": {"type": "string", "enum": list(choices)}},
            "required": ["answer"],
            "additionalProperties": False,
        }
        named = {"name": "answer", "strict": True, "schema": schema}
        return {"response_format": {"type": "json_schema", "json_schema": named}}
    return {}
