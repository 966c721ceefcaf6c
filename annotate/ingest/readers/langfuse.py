"""Langfuse exports: traces with their observations and scores as downloaded, or tables of observations.

``{"id", "observations": [...], "scores": [...]}`` is one trace. A table of observations (JSON, JSON Lines, CSV) is put
together by ``traceId``. Names come in camelCase or snake_case. A generation's input and output are messages; what it
was sent before is said once. Scores of people (``ANNOTATION``) come in under ``langfuse/AUTHOR``, those of evaluators
and of programs as judges: a score of the whole trace, or of a generation, answers the question of its name. Where the
rubric has none of that name it is left out and counted.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from annotate.enums import RaterKind
from annotate.errors import Rejected
from annotate.ingest.call_history import Call, history_of
from annotate.ingest.conversation import Conversation, conversation_of
from annotate.ingest.drafts import BadRow, LabelDraft, ProblemDraft, RaterDraft, Row, TraceDraft
from annotate.ingest.fields import Fields, name_or_nothing
from annotate.ingest.gathering import Gathering
from annotate.ingest.images import KEY, Album
from annotate.ingest.levels import level_of
from annotate.ingest.message_fields import Message, message_of, messages_in
from annotate.ingest.options import CUTTING, PLAIN, ReadOptions
from annotate.ingest.records import records, rows_from
from annotate.ingest.sample import Sample
from annotate.ingest.source import Source
from annotate.ingest.voices import criterion_of

_CALLS = ("GENERATION", "AGENT")
_KINDS = {"ANNOTATION": RaterKind.PERSON, "EVAL": RaterKind.JUDGE, "API": RaterKind.JUDGE}


class LangfuseReader:
    name = "langfuse"
    title = "Langfuse: traces with observations and scores"
    heeds = CUTTING | {"columns", "values", "problem"}

    def fits(self, sample: Sample) -> bool:
        if sample.list_of("observations", dict) is not None:
            return True
        is_observation = sample.has("type") and (sample.has("traceId") or sample.has("trace_id"))
        return is_observation and (sample.has("startTime") or sample.has("start_time"))

    def rows(self, source: Source, options: ReadOptions = PLAIN) -> Iterator[Row | BadRow]:
        with Gathering() as gathering:
            for record in records(source):
                if isinstance(record, BadRow):
                    yield record
                elif isinstance(record.value, dict) and "observations" not in record.value:
                    given = {"traceId": _either(Fields(record.value), "traceId")}
                    try:
                        gathering.add(Fields(given).name("traceId"), record.line, record.value)
                    except Rejected as error:
                        yield BadRow(record.line, error.field, error.reason)
                else:
                    yield from rows_from(record, lambda fields: _trace_draft(fields, options))
            for group in gathering.groups():
                if isinstance(group, Rejected):
                    yield BadRow(group.row or 0, "traceId", group.reason)
                    continue
                try:
                    whole = Fields({"id": group.name, "observations": group.records})
                    yield Row(group.line, _trace_draft(whole, options))
                except Rejected as error:
                    yield BadRow(group.line, error.field, f"trace {group.name[:60]}: {error.reason}")


def _either(fields: Fields, name: str) -> Any:
    """A field in camelCase or in snake_case."""
    snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
    return fields.raw(name) if fields.has(name) else fields.raw(snake)


def _trace_draft(fields: Fields, options: ReadOptions) -> TraceDraft:
    if isinstance(fields.raw("trace"), dict):
        # A download keeps the trace's own fields apart.
        fields = Fields({**fields.raw("trace"), **fields.rest(frozenset({"trace"}))})
    album = options.album()
    seen = [Fields.of(entry, path) for path, entry in fields.items("observations")]
    seen.sort(key=lambda one: str(_either(one, "startTime") or ""))
    calls = {str(one.raw("id")): call for one in seen if (call := _call(one, album)) is not None}
    if not any(call.answered for call in calls.values()):
        raise Rejected("holds no generation with an output", field="observations")
    history = history_of(list(calls.values()))
    conversation = conversation_of(history.messages, "observations", options)
    problem = ProblemDraft(
        conversation.problem,
        meta={KEY: list(conversation.problem_images)} if conversation.problem_images else {},
    )
    about = {name: fields.raw(name) for name in ("name", "userId", "sessionId", "tags") if fields.has(name)}
    return TraceDraft(
        external_id=fields.name("id"),
        problem=problem,
        steps=conversation.steps,
        source_model=history.models[0] if history.models else "",
        meta=Fields(about).rest(frozenset()) | conversation.meta(),
        labels=tuple(_scores(fields, _answers(calls, history.messages, conversation), options)),
        images=tuple(album.drafts.values()),
        flaws=tuple(album.flaws),
    )


def _call(given: Fields, album: Album) -> Call | None:
    kind = given.raw("type")
    if kind == "TOOL" and given.has("output"):
        text = given.raw("output")
        text = text if isinstance(text, str) else json.dumps(text, ensure_ascii=False)
        message = {"role": "tool", "name": given.raw("name"), "content": text}
        return Call(result=message_of(Fields(message, given.path("output")), album))
    if kind not in _CALLS or not given.has("output"):
        return None
    model = _either(given, "model") or _either(given, "providedModelName")
    return Call(
        _messages(given, "input", "user", album),
        _messages(given, "output", "assistant", album),
        model=name_or_nothing(model, given.path("model")),
    )


def _messages(given: Fields, name: str, role: str, album: Album) -> Sequence[Message]:
    """An input or an output: messages, one message, or what one would say."""
    value = given.raw(name)
    if isinstance(value, str) and value.lstrip().startswith(("{", "[")):
        with suppress(ValueError, RecursionError):
            value = json.loads(value)
    if isinstance(value, dict) and isinstance(value.get("messages"), list):
        value = value["messages"]
    if value is None:
        return ()
    if isinstance(value, list) and value and all(isinstance(one, dict) and "role" in one for one in value):
        return messages_in(Fields({name: value}, given.path("")[:-1]), name, album)
    if isinstance(value, dict) and ("role" in value or "tool_calls" in value):
        return [message_of(Fields({"role": role, **value}, given.path(name)), album)]
    if isinstance(value, dict) and isinstance(value.get("content"), str):
        value = value["content"]
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return [message_of(Fields({"role": role, "content": text}, given.path(name)), album)]


def _answers(
    calls: dict[str, Call], messages: Sequence[Message], conversation: Conversation
) -> dict[str, int | None]:
    """The step with which the answer of each generation ends."""
    numbers = {id(message): number for number, message in enumerate(messages)}
    return {
        name: conversation.position_of(numbers[id(call.answered[-1])])
        for name, call in calls.items()
        if call.answered
    }


def _scores(fields: Fields, answers: dict[str, int | None], options: ReadOptions) -> Iterator[LabelDraft]:
    for path, entry in fields.items("scores") if fields.has("scores") else ():
        score = Fields.of(entry, path)
        name = score.name("name")
        criterion = criterion_of(name, options)
        about = _either(score, "observationId")
        position = answers.get(str(about)) if about else None
        if about and position is None:
            # A score of a tool's or a chain's span: there is no step that it would be about.
            continue
        given = _either(score, "stringValue")
        value = given if given not in (None, "") else score.raw("value")
        level = level_of(value, criterion, options.values, score.path("value"))
        if level is not None:
            yield LabelDraft(
                _rater(score, name),
                criterion,
                position,
                level,
                text=score.optional_text("comment") or "",
                evidence={"observation": about} if about else {},
                origin=path,
                is_optional=criterion not in options.columns,
            )


def _rater(score: Fields, name: str) -> RaterDraft:
    source = str(score.raw("source") or "API").upper()
    kind = _KINDS.get(source, RaterKind.JUDGE)
    author = _either(score, "authorUserId")
    who = author if kind is RaterKind.PERSON and author else f"{source.lower()}/{name}"
    return RaterDraft(f"langfuse/{who}"[:160], kind, is_simulated=False)
