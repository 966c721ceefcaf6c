"""Langfuse exports: traces with their observations and scores, or lists of observations and of scores.

``{"id", "observations": [...], "scores": [...]}`` is one trace. Observations and scores that stand apart, as rows
(JSON, JSON Lines, CSV) or as pages of the API (``{"data": [...]}``), are put together by their trace. Names come in
camelCase or snake_case. A generation's input and output are messages; what it was sent before is said once. Scores of
people (``ANNOTATION``) come in under ``langfuse/AUTHOR``, those of evaluators and of programs as judges: a score of
the whole trace, or of a generation, answers the question of its name. Where the rubric has none of that name it is
left out and counted. Scores without observations are about traces that are here already, as a whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from annotate.errors import Rejected
from annotate.ingest.album import Album
from annotate.ingest.call_history import Call, history_of
from annotate.ingest.conversation import Conversation, conversation_of
from annotate.ingest.drafts import BadRow, LabelSheet, ProblemDraft, Row, TraceDraft
from annotate.ingest.failures import failure, failures_of
from annotate.ingest.fields import Fields, name_or_nothing
from annotate.ingest.gathering import Gathering, Group
from annotate.ingest.message_fields import Message, message_of, messages_in
from annotate.ingest.options import CUTTING, PLAIN, ReadOptions
from annotate.ingest.records import records, rows_from
from annotate.ingest.sample import Sample
from annotate.ingest.score_fields import (
    either,
    is_of_observation,
    is_score,
    labels_of_scores,
    trace_of_score,
)
from annotate.ingest.source import Source

_CALLS = ("GENERATION", "AGENT")
_FAILED = "ERROR"
_SCORE = "score"


class LangfuseReader:
    name = "langfuse"
    title = "Langfuse: traces with observations and scores"
    heeds = CUTTING | {"columns", "values", "problem"}

    def fits(self, sample: Sample) -> bool:
        if sample.list_of("observations", dict) is not None:
            return True
        page = sample.list_of("data", dict)
        return _is_known(page[0]) if page else _is_known(sample.record)

    def rows(self, source: Source, options: ReadOptions = PLAIN) -> Iterator[Row | BadRow]:
        with Gathering() as gathering:
            for record in records(source):
                if isinstance(record, BadRow):
                    yield record
                elif isinstance(record.value, dict) and "observations" not in record.value:
                    yield from _gather(gathering, record.line, Fields(record.value))
                else:
                    yield from rows_from(record, lambda fields: _trace_draft(fields, options))
            for group in gathering.groups():
                if isinstance(group, Rejected):
                    yield BadRow(group.row or 0, "traceId", group.reason)
                    continue
                try:
                    yield Row(group.line, _together(group, options))
                except Rejected as error:
                    yield BadRow(group.line, error.field, f"trace {group.name[:60]}: {error.reason}")


def _is_known(record: Mapping[str, Any]) -> bool:
    if is_score(record):
        return True
    return "type" in record and all(
        bool(names & record.keys()) for names in ({"traceId", "trace_id"}, {"startTime", "start_time"})
    )


def _gather(gathering: Gathering, line: int, record: Fields) -> Iterator[BadRow]:
    """An observation, a score, or a page of them."""
    is_page = isinstance(record.raw("data"), list) and "id" not in record
    for path, entry in record.items("data") if is_page else [("", dict(record.items_of()))]:
        try:
            given = Fields.of(entry, path)
            value = dict(given.items_of())
            if is_score(value):
                gathering.add(trace_of_score(given), line, {_SCORE: value})
            else:
                name = Fields({"traceId": either(given, "traceId")}, path).name("traceId")
                gathering.add(name, line, value)
        except Rejected as error:
            yield BadRow(line, error.field, error.reason)


def _together(group: Group, options: ReadOptions) -> TraceDraft | LabelSheet:
    scores = [one[_SCORE] for one in group.records if one.keys() == {_SCORE}]
    observations = [one for one in group.records if one.keys() != {_SCORE}]
    whole: dict[str, Any] = {"id": group.name, "observations": observations, "scores": scores}
    if observations:
        return _trace_draft(Fields(whole | _about(observations)), options)
    if any(is_of_observation(Fields(one)) for one in scores):
        reason = "a score of an observation comes in together with the observations, in one file"
        raise Rejected(reason, field="scores")
    return LabelSheet(group.name, tuple(labels_of_scores(Fields(whole), {}, options)))


def _about(observations: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What observations that stand apart repeat of their trace."""
    names = {"name": "traceName", "userId": "userId", "sessionId": "sessionId", "tags": "tags"}
    found = {
        name: next(filter(None, (either(Fields(one), of) for one in observations)), None)
        for name, of in names.items()
    }
    return {name: value for name, value in found.items() if value is not None}


def _trace_draft(fields: Fields, options: ReadOptions) -> TraceDraft:
    if isinstance(fields.raw("trace"), dict):
        # A download keeps the trace's own fields apart.
        fields = Fields({**fields.raw("trace"), **fields.rest(frozenset({"trace"}))})
    album = options.album()
    seen = [Fields.of(entry, path) for path, entry in fields.items("observations")]
    seen.sort(key=lambda one: str(either(one, "startTime") or ""))
    calls = {str(one.raw("id")): call for one in seen if (call := _call(one, album)) is not None}
    errors = [said for one in seen if one.raw("level") == _FAILED and (said := _failure(one))]
    if not any(call.answered for call in calls.values()):
        last = f"; the last failed: {errors[-1][:200]}" if errors else ""
        raise Rejected(f"holds no generation with an output{last}", field="observations")
    history = history_of(list(calls.values()))
    conversation = conversation_of(history.messages, "observations", options)
    problem = ProblemDraft(
        conversation.problem,
        meta=conversation.problem_meta(),
    )
    about = {name: fields.raw(name) for name in ("name", "userId", "sessionId", "tags") if fields.has(name)}
    return TraceDraft(
        external_id=fields.name("id"),
        problem=problem,
        steps=conversation.steps,
        source_model=history.models[0] if history.models else "",
        meta=Fields(about | failures_of(errors)).rest(frozenset()) | conversation.meta(),
        labels=tuple(labels_of_scores(fields, _answers(calls, history.messages, conversation), options)),
        images=tuple(album.drafts.values()),
        flaws=tuple(album.flaws),
    )


def _failure(given: Fields) -> str:
    said = either(given, "statusMessage")
    if not isinstance(said, str) or not said.strip():
        return "error"
    return failure(said, given.path("statusMessage"))


def _call(given: Fields, album: Album) -> Call | None:
    kind = given.raw("type")
    if kind == "TOOL" and given.has("output"):
        text = given.raw("output")
        text = text if isinstance(text, str) else json.dumps(text, ensure_ascii=False)
        message = {"role": "tool", "name": given.raw("name"), "content": text}
        return Call(result=message_of(Fields(message, given.path("output")), album))
    if kind not in _CALLS or not given.has("output"):
        return None
    model = either(given, "model") or either(given, "providedModelName")
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
