"""One conversation out of many calls of a model: every call repeats what was said before it, and adds what is new.

Used for the spans of tracing tools. The calls of sub-agents stand where they were made, as what they added.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from annotate.ingest.message_fields import Message, Role, unseen


@dataclass(frozen=True, slots=True)
class Call:
    """What a model was sent and answered; with ``result`` alone, what a tool gave back."""

    sent: Sequence[Message] = ()
    answered: Sequence[Message] = ()
    result: Message | None = None
    model: str = ""


@dataclass(slots=True)
class History:
    messages: list[Message] = field(default_factory=list)
    models: list[str] = field(default_factory=list)


def history_of(calls: Sequence[Call]) -> History:
    """``calls`` in the order they began. Tools' own spans speak only where no call repeats their answers."""
    is_repeated = any(message.role is Role.TOOL for call in calls for message in call.sent)
    history = History()
    seen: dict[str, int] = {}
    for call in calls:
        if call.result is not None:
            if not is_repeated:
                history.messages.append(call.result)
            continue
        history.messages += unseen(call.sent, seen)
        for message in call.answered:
            key = message.key()
            seen[key] = seen.get(key, 0) + 1
            history.messages.append(message)
        if call.model and call.model not in history.models:
            history.models.append(call.model)
    return history
