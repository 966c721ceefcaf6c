"""Messages as chat formats write them, brought to one form.

OpenAI (``role``, ``content``, ``tool_calls``, ``reasoning_content``), content blocks (``thinking``, ``tool_use``,
``tool_result``), parts of OpenTelemetry (``content``, ``tool_call``, ``tool_call_response``), and pairs of ``from`` and
``value``. Whatever else a message holds is refused where it would be something said.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from annotate.errors import Rejected
from annotate.ingest.album import Album, Content
from annotate.ingest.fields import MAX_TEXT, Fields, clean_text, kind_of, name_or_nothing

MAX_MESSAGES = 10_000


class Role(StrEnum):
    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


_ROLES = {
    **{role.value: role for role in Role},
    "developer": Role.SYSTEM,
    "human": Role.USER,
    "gpt": Role.ASSISTANT,
    "model": Role.ASSISTANT,
    "ai": Role.ASSISTANT,
    "chatgpt": Role.ASSISTANT,
    "bot": Role.ASSISTANT,
    "function": Role.TOOL,
    "observation": Role.TOOL,
    "ipython": Role.TOOL,
}
_REASONING = ("reasoning_content", "reasoning", "thinking")


@dataclass(frozen=True, slots=True)
class Message:
    """``calls`` in OpenAI's shape, their arguments as they came; ``name`` is the tool that speaks."""

    role: Role
    text: str
    path: str
    reasoning: str = ""
    calls: tuple[dict[str, Any], ...] = ()
    images: tuple[dict[str, Any], ...] = ()
    name: str = ""

    def key(self) -> str:
        """What it says, to be known again where a later call repeats it."""
        calls = [(call["function"]["name"], _plain(call["function"]["arguments"])) for call in self.calls]
        return json.dumps(
            [self.role, self.text.strip(), calls], sort_keys=True, ensure_ascii=False, default=str
        )


@dataclass(slots=True)
class _Said:
    """What the parts of one message come to."""

    content: Content
    thoughts: list[str] = field(default_factory=list)
    calls: list[dict[str, Any]] = field(default_factory=list)
    is_result: bool = False


def messages_in(fields: Fields, name: str, album: Album) -> list[Message]:
    """The list ``name`` as messages. Raises Rejected with the path of what cannot be one."""
    entries = list(fields.items(name))
    if not entries:
        raise Rejected("holds no message", field=fields.path(name))
    if len(entries) > MAX_MESSAGES:
        raise Rejected(
            f"holds {len(entries):,} messages; {MAX_MESSAGES:,} are allowed", field=fields.path(name)
        )
    return [message_of(Fields.of(entry, path), album) for path, entry in entries]


def message_of(given: Fields, album: Album) -> Message:
    said = _Said(Content(album))
    role = _role(given)
    body = next((name for name in ("content", "parts", "value") if given.has(name)), "content")
    _read_body(given, body, said)
    for name in _REASONING:
        if isinstance(given.raw(name), str) and given.raw(name) not in said.thoughts:
            said.thoughts.append(clean_text(given.raw(name), given.path(name)))
            break
    said.calls += _calls(given)
    if role is Role.USER and said.is_result and not said.calls:
        role = Role.TOOL
    text = said.content.text
    if len(text) > MAX_TEXT:
        raise Rejected(f"has {len(text):,} characters; {MAX_TEXT:,} are allowed", field=given.path(body))
    return Message(
        role,
        text,
        given.path(body),
        "\n\n".join(said.thoughts),
        tuple(said.calls),
        tuple(said.content.images),
        name_or_nothing(given.raw("name"), given.path("name")) if role is Role.TOOL else "",
    )


def _role(given: Fields) -> Role:
    name = "role" if given.has("role") else "from"
    role = _ROLES.get(str(given.raw(name)).lower()) if given.has(name) else None
    if role is None:
        raise Rejected(
            f"must be one of {', '.join(Role)}", field=given.path(name if given.has(name) else "role")
        )
    return role


def _read_body(given: Fields, name: str, said: _Said) -> None:
    body = given.raw(name)
    if body is None:
        return
    if isinstance(body, list):
        for path, entry in given.items(name):
            if isinstance(entry, str):
                said.content.add_text(entry, path)
            else:
                _read_part(Fields.of(entry, path), said)
    elif isinstance(body, dict):
        _read_part(Fields.of(body, given.path(name)), said)
    else:
        said.content.add_text(body, given.path(name))


def _read_part(part: Fields, said: _Said) -> None:
    match part.raw("type"):
        case "thinking" | "reasoning":
            text = next(
                (part.raw(name) for name in ("thinking", "reasoning", "text", "content") if part.has(name)),
                "",
            )
            said.thoughts.append(clean_text(text, part.path("text")))
        case "redacted_thinking":
            # Encrypted: there is nothing to read.
            return
        case "tool_use" | "tool_call" | "tool-call":
            said.calls.append(_call(part))
        case "tool_result" | "tool_call_response" | "tool-result":
            said.is_result = True
            name = next(
                (name for name in ("content", "response", "result", "output") if part.has(name)), "content"
            )
            _read_result(part, name, said)
        case "text" | "input_text" | "output_text" | "refusal" as kind:
            name = next((name for name in (kind, "text", "content") if part.has(name)), "text")
            said.content.add_text(part.raw(name), part.path(name))
        case _:
            said.content.add(part)


def _read_result(part: Fields, name: str, said: _Said) -> None:
    body = part.raw(name)
    if isinstance(body, dict) and "type" not in body:
        said.content.add_text(json.dumps(body, ensure_ascii=False), part.path(name))
    else:
        _read_body(part, name, said)


def _calls(given: Fields) -> list[dict[str, Any]]:
    found = []
    if given.has("tool_calls"):
        found = [_call(Fields.of(entry, path)) for path, entry in given.items("tool_calls")]
    if given.has("function_call"):
        found.append(_call(given.fields("function_call")))
    return found


def _call(part: Fields) -> dict[str, Any]:
    """A call in OpenAI's shape. Raises Rejected where no tool is named."""
    function = part.raw("function")
    described = Fields.of(function, part.path("function")) if isinstance(function, dict) else part
    name = function if isinstance(function, str) else described.raw("name") or described.raw("toolName")
    if not isinstance(name, str) or not name.strip():
        raise Rejected(f"must name a tool, not {kind_of(name)}", field=described.path("name"))
    clean_text(name, described.path("name"))
    given: Any = next(
        (described.raw(key) for key in ("arguments", "input", "parameters", "args") if described.has(key)), {}
    )
    call: dict[str, Any] = {"type": "function", "function": {"name": name, "arguments": given}}
    identifier = part.raw("id")
    return {"id": identifier, **call} if isinstance(identifier, str) else call


def _plain(arguments: Any) -> Any:
    if isinstance(arguments, str):
        try:
            return json.loads(arguments)
        except (ValueError, RecursionError):
            return arguments
    return arguments


def unseen(messages: Sequence[Message], seen: dict[str, int]) -> list[Message]:
    """Those that were not there before, which ``seen`` then counts too; each is known as often as it was said."""
    here: dict[str, int] = {}
    new = []
    for message in messages:
        key = message.key()
        here[key] = here.get(key, 0) + 1
        if here[key] > seen.get(key, 0):
            seen[key] = here[key]
            new.append(message)
    return new
