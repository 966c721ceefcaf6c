"""Messages of a conversation as the steps of a trace: what a model thought, what it did, what came back.

What stands before the model's first message is the problem. Each later message becomes steps: reasoning and words
beside a call are thoughts, calls are one action, what a tool or somebody else says is an observation. An answer
without a call is an action where there are tools or several turns, and else a text of thoughts, to be cut. The last
step of a message keeps its number in ``meta.message``, by which labels made elsewhere find it. A blank line is put
between two texts, never into one: the steps of a text joined are that text.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from annotate.enums import StepKind
from annotate.errors import Rejected
from annotate.ingest.drafts import StepDraft
from annotate.ingest.fields import check_plain, clean_text
from annotate.ingest.image_entries import KEY, images_within
from annotate.ingest.message_fields import Message, Role
from annotate.ingest.options import ReadOptions
from annotate.ingest.step_fields import MAX_STEPS

MESSAGE = "message"
# In a problem's meta: so many characters at its beginning are the system's, by which problems are not alike.
SYSTEM = "system_characters"
SEPARATOR = "\n\n"


@dataclass(frozen=True, slots=True)
class Conversation:
    """``empty`` are the numbers of messages that say and do nothing, and so are no steps."""

    problem: str
    problem_images: tuple[dict[str, Any], ...]
    steps: tuple[StepDraft, ...]
    empty: tuple[int, ...]
    n_system: int = 0

    def position_of(self, message: int) -> int | None:
        """The step a message ends with."""
        return next((n for n, step in enumerate(self.steps) if step.meta.get(MESSAGE) == message), None)

    def problem_meta(self) -> dict[str, Any]:
        images = {KEY: list(self.problem_images)} if self.problem_images else {}
        return images | ({SYSTEM: self.n_system} if self.n_system else {})

    def meta(self) -> dict[str, Any]:
        return {"empty_messages": list(self.empty)} if self.empty else {}


def _system_characters(asked: Sequence[Message]) -> int:
    """Up to where somebody else speaks; 0 where nobody does."""
    n = next((n for n, one in enumerate(asked) if one.role is not Role.SYSTEM), 0)
    return sum(len(one.text) + len(SEPARATOR) for one in asked[:n])


def conversation_of(messages: Sequence[Message], path: str, options: ReadOptions) -> Conversation:
    """Raises Rejected with the path where nothing was asked or nothing was answered."""
    first = next((n for n, one in enumerate(messages) if one.role is Role.ASSISTANT), None)
    if first is None:
        raise Rejected("holds no message of the assistant's", field=path)
    asked = [one for one in messages[:first] if one.text.strip()]
    problem = SEPARATOR.join(one.text for one in asked) or options.problem
    if not problem.strip():
        raise Rejected("begins with the assistant: nothing was asked", field=path)
    is_agent = any(one.calls or one.role is Role.TOOL for one in messages) or (
        sum(one.role is Role.ASSISTANT for one in messages) > 1
    )
    steps: list[StepDraft] = []
    empty = []
    for number, message in enumerate(messages[first:], start=first):
        made: list[StepDraft] = []
        for text in _texts_of(message, options, is_agent=is_agent):
            made[-1:] = map(_separated, made[-1:])
            made += text
        if made:
            steps[-1:] = map(_separated, steps[-1:])
            made[-1] = made[-1]._replace(meta={**made[-1].meta, MESSAGE: number})
        else:
            empty.append(number)
        steps += made
    if not steps:
        raise Rejected("the assistant says nothing", field=path)
    if len(steps) > MAX_STEPS:
        raise Rejected(f"falls into {len(steps):,} steps; {MAX_STEPS:,} are allowed", field=path)
    return Conversation(
        problem,
        tuple(image for one in asked for image in one.images),
        tuple(steps),
        tuple(empty),
        _system_characters(asked),
    )


def _texts_of(message: Message, options: ReadOptions, *, is_agent: bool) -> Iterator[tuple[StepDraft, ...]]:
    """The steps of each text that a message holds: its reasoning, its words, its calls."""
    if message.role is not Role.ASSISTANT:
        if message.text.strip():
            yield (_whole(message, StepKind.OBSERVATION),)
        return
    if message.reasoning.strip():
        yield _thoughts(message.reasoning, message.path, options, is_cut=options.split is not None)
    if message.calls:
        if message.text.strip():
            yield (_whole(message, StepKind.THOUGHT),)
        meta = {"tool_calls": list(message.calls)}
        check_plain(meta, message.path)
        yield (StepDraft(_written(message), kind=StepKind.ACTION, meta=meta),)
    elif message.text.strip():
        if is_agent:
            yield (_whole(message, StepKind.ACTION),)
        else:
            cut = _thoughts(message.text, message.path, options, is_cut=True)
            here = ((step, images_within(message.images, step.text)) for step in cut)
            yield tuple(step._replace(meta={KEY: images}) if images else step for step, images in here)


def _whole(message: Message, kind: StepKind) -> StepDraft:
    meta = {KEY: list(message.images)} if message.images else {}
    who = {"tool": message.name} if message.name and kind is StepKind.OBSERVATION else {}
    return StepDraft(message.text, len(message.text) - len(message.text.rstrip()), kind, {**meta, **who})


def _thoughts(text: str, path: str, options: ReadOptions, *, is_cut: bool) -> tuple[StepDraft, ...]:
    return options.cut(text, path) if is_cut else (StepDraft(text, len(text) - len(text.rstrip())),)


def _written(message: Message) -> str:
    """The calls as JSON, which is what people and judges are shown of them."""
    calls = []
    for call in message.calls:
        function = call["function"]
        given = function["arguments"]
        try:
            arguments = json.loads(given) if isinstance(given, str) else given
        except (ValueError, RecursionError):
            arguments = given
        calls.append({"name": function["name"], "arguments": arguments})
    shown: Any = calls[0] if len(calls) == 1 else calls
    return clean_text(json.dumps(shown, ensure_ascii=False), message.path)


def _separated(step: StepDraft) -> StepDraft:
    if step.tail:
        return step
    return step._replace(text=step.text + SEPARATOR, tail=len(SEPARATOR))
