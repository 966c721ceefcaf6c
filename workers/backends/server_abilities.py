"""Find out what a server really does, because servers answer 200 to fields they ignore.

One small conversation per server, before its first request: is ``n`` heeded, do log-probabilities come back, is a
list of allowed texts kept to (the list holds texts no model says by itself), is a begun answer continued rather than a
new turn opened. It costs a few dozen tokens that are on no completion's bill.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from annotate.errors import BackendError
from annotate.prelabel.contracts import Message, Sampling
from workers.backends.chat_answer import choices_of, prompt_tokens
from workers.backends.chat_request import chat_body, constraint
from workers.backends.http_failure import Busy, PromptTooLong, Unreachable, Unserved
from workers.backends.model_server import ModelServer

log = logging.getLogger(__name__)

_ODD = ("zq-417-vex", "zq-902-vex")
_QUESTION = Message("user", "Say one word.")
_SHORT = Sampling(max_tokens=16, seed=1)


@dataclass(frozen=True, slots=True)
class Abilities:
    """``constraint`` is the field that keeps texts to a list, empty where none does."""

    version: str = ""
    revision: str = ""
    heeds_n: bool = True
    tells_logprobs: bool = True
    continues: bool = True
    tokenizes: bool = True
    constraint: str = ""

    @property
    def shortfalls(self) -> list[str]:
        told = {
            "n": self.heeds_n,
            "logprobs": self.tells_logprobs,
            "begun answers": self.continues,
            "lists of allowed texts": bool(self.constraint),
        }
        return [name for name, is_heeded in told.items() if not is_heeded]


async def probe(server: ModelServer, model: str, *, is_vllm: bool) -> Abilities:
    """Ask the server. Raises BackendError when it cannot be reached or refuses us altogether."""
    version = await _told(server, "/version", is_root=True)
    cards = (await _told(server, "/models")).get("data") or ()
    card = next((card for card in cards if isinstance(card, dict) and card.get("id") == model), {})
    field, answer = await _first_answer(server, model, is_vllm=is_vllm)
    choices = choices_of(answer)
    texts = [str((choice.get("message") or {}).get("content") or "") for choice in choices]
    if field and not all(_is_kept(text, field) for text in texts):
        field = await _other_constraint(server, model, field, is_vllm=is_vllm)
    found = Abilities(
        version=f"vllm {version['version']}" if is_vllm and "version" in version else "",
        revision=_revision(card),
        heeds_n=len(choices) > 1,
        tells_logprobs=any((choice.get("logprobs") or {}).get("content") for choice in choices),
        continues=is_vllm and await _continues(server, model),
        tokenizes=is_vllm and bool(await _tokens(server, model)),
        constraint=field,
    )
    if found.shortfalls:
        log.warning("%s does not heed: %s", server.url, ", ".join(found.shortfalls))
    return found


async def _first_answer(server: ModelServer, model: str, *, is_vllm: bool) -> tuple[str, dict[str, Any]]:
    """The answer to as much as the server accepts, and which constraint was among it."""
    plain = chat_body(model, (_QUESTION,), _SHORT, is_vllm=is_vllm) | {"seed": 1}
    many = {"n": 2, "logprobs": True, "top_logprobs": 2}
    field = "structured_outputs" if is_vllm else "response_format"
    tries = [(field, many), ("", many), ("", {"n": 2}), ("", {"n": 1})]
    for name, extra in tries:
        try:
            return name, await server.post("/chat/completions", plain | extra | constraint(_ODD, name))
        except Unserved as error:
            refused = error
    raise refused


async def _other_constraint(server: ModelServer, model: str, ignored: str, *, is_vllm: bool) -> str:
    if ignored == "response_format":
        return ""
    body = chat_body(model, (_QUESTION,), Sampling(max_tokens=32), is_vllm=is_vllm) | {"seed": 1, "n": 1}
    try:
        answer = await server.post("/chat/completions", body | constraint(_ODD, "response_format"))
    except Unserved:
        return ""
    text = str((next(iter(choices_of(answer)), {}).get("message") or {}).get("content") or "")
    return "response_format" if _is_kept(text, "response_format") else ""


def _is_kept(text: str, field: str) -> bool:
    if field == "structured_outputs":
        return text in _ODD
    try:
        told = json.loads(text)
    except ValueError:
        return False
    return isinstance(told, dict) and told.get("answer") in _ODD


async def _continues(server: ModelServer, model: str) -> bool:
    """An answer that is continued lacks the end of its turn and the head of a new one, so its prompt is shorter."""
    begun = (_QUESTION, Message("assistant", "The word is"))
    body = chat_body(model, begun, Sampling(max_tokens=1), is_vllm=True) | {"n": 1, "seed": 1}
    turned = body | {"continue_final_message": False, "add_generation_prompt": True}
    try:
        counts = [
            prompt_tokens((await server.post("/chat/completions", one)).get("usage") or {})
            for one in (body, turned)
        ]
    except Unserved:
        return False
    # A server that bills nothing leaves it unknown; it has accepted the field, which few do that ignore it.
    if counts[0] != counts[1] or counts[0] == 0:
        return True
    # Some templates leave a last answer open whatever is asked. Who reads the fields refuses both at once.
    return await _refuses_contradiction(server, body)


async def _refuses_contradiction(server: ModelServer, body: Mapping[str, Any]) -> bool:
    try:
        await server.post("/chat/completions", {**body, "add_generation_prompt": True})
    except Unserved:
        return True
    return False


async def _tokens(server: ModelServer, model: str) -> list[int]:
    try:
        answer = await server.post("/tokenize", {"model": model, "prompt": "a"}, is_root=True)
    except Unserved:
        return []
    return list(answer.get("tokens") or ())


async def _told(server: ModelServer, path: str, *, is_root: bool = False) -> Mapping[str, Any]:
    """Facts that only describe the server: without them it still works."""
    try:
        return await server.get(path, is_root=is_root)
    except PromptTooLong:
        return {}
    except BackendError as error:
        if isinstance(error, (Unreachable, Busy)):
            raise
        return {}


def _revision(card: Mapping[str, Any]) -> str:
    """The commit where the served path shows one, else what the server says it serves."""
    root = str(card.get("root") or "")
    folder, _, commit = root.rpartition("/snapshots/")
    return f"git:{commit.strip('/')}" if folder and commit else root
