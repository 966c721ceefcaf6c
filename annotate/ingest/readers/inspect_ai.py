"""Logs of Inspect: ``.eval`` archives and ``.json``.

A log is one evaluation: ``eval`` says what was asked of which model, every sample is one attempt. A sample becomes a
trace of its ``messages``, the target its reference answer. How it ended are its scores: C and 1 are right, I and 0
wrong, if its scorers agree; anything else, an error, or no score leave it open, a limit that was reached without a
score is truncated. Scores stay in the trace's meta, and so does the message of an error without its traceback. Where a
tool failed, the observation is the error that the model was told. Events, which are the greatest part of a log, are
passed over one by one; texts that Inspect keeps aside (``attachment://…``) are put back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from annotate.enums import Outcome
from annotate.errors import Rejected
from annotate.ingest.album import Album
from annotate.ingest.archive import Archive
from annotate.ingest.conversation import Conversation, conversation_of
from annotate.ingest.drafts import BadRow, ProblemDraft, Row, TraceDraft
from annotate.ingest.failures import failure
from annotate.ingest.fields import Fields, name_or_nothing
from annotate.ingest.json_records import Record, json_members
from annotate.ingest.message_fields import messages_in
from annotate.ingest.options import CUTTING, PLAIN, ReadOptions
from annotate.ingest.records import rows_from
from annotate.ingest.sample import Sample
from annotate.ingest.source import Container, Source

LONGEST_ERROR = 2000
_HEADERS = ("header.json", "_journal/start.json")
_SAMPLES = "samples/"
# Lists that may be longer than memory should hold, and are read past.
_PASSED_OVER = frozenset({"events", "timelines", "attempts"})
_OUTCOMES = {"C": Outcome.RIGHT, "I": Outcome.WRONG, "1": Outcome.RIGHT, "0": Outcome.WRONG}
_ATTACHED = "attachment://"
_MOST_DEEP = 24


class InspectReader:
    name = "inspect_ai"
    title = "Inspect: logs of evaluations (.eval, .json)"
    heeds = CUTTING

    def fits(self, sample: Sample) -> bool:
        if sample.container is Container.ZIP:
            try:
                archive = Archive(sample.path)
            except Rejected:
                return False
            names = archive.names
            archive.close()
            return any(name in _HEADERS for name in names)
        head = sample.head.lstrip()
        return head.startswith("{") and all(f'"{name}"' in head for name in ("version", "eval", "status"))

    def rows(self, source: Source, options: ReadOptions = PLAIN) -> Iterator[Row | BadRow]:
        if source.container is Container.ZIP:
            yield from _rows_of_archive(source, options)
            return
        about: Mapping[str, Any] = {}
        for member in json_members(source.text, lambda key: key == "samples"):
            if isinstance(member, BadRow):
                yield member
            elif member.key == "eval" and isinstance(member.value, dict):
                about = member.value
            elif member.key == "samples":
                yield from _rows(member.line, member.value, about, options)


def _rows_of_archive(source: Source, options: ReadOptions) -> Iterator[Row | BadRow]:
    """A sample is named by its place among the archive's samples, from 1."""
    line = 0
    try:
        archive = Archive(source.path)
    except Rejected as error:
        yield BadRow(1, None, error.reason)
        return
    try:
        about = _about(archive)
        for name in archive.names:
            if name.startswith(_SAMPLES) and name.endswith(".json"):
                line += 1
                try:
                    sample = _whole(archive, name)
                except Rejected as error:
                    yield BadRow(line, error.field, f"{name}: {error.reason}")
                else:
                    yield from _rows(line, sample, about, options)
    except Rejected as error:
        yield BadRow(max(line, 1), error.field, error.reason)
    finally:
        archive.close()


def _about(archive: Archive) -> Mapping[str, Any]:
    for name in _HEADERS:
        if name in archive.names:
            found = _whole(archive, name).get("eval")
            return found if isinstance(found, dict) else {}
    raise Rejected("the archive has no header.json")


def _whole(archive: Archive, name: str) -> dict[str, Any]:
    """A member's fields, less what is passed over."""
    found: dict[str, Any] = {}
    with archive.text(name) as text:
        for member in json_members(text, _PASSED_OVER.__contains__):
            if isinstance(member, BadRow):
                raise Rejected(member.reason, field=member.field)
            if member.key not in _PASSED_OVER:
                found[member.key] = member.value
    return found


def _rows(
    line: int, sample: object, about: Mapping[str, Any], options: ReadOptions
) -> Iterator[Row | BadRow]:
    yield from rows_from(Record(line, sample), lambda fields: _trace_draft(fields, about, options))


def _trace_draft(fields: Fields, about: Mapping[str, Any], options: ReadOptions) -> TraceDraft:
    attached = fields.raw("attachments")
    given = _put_back(fields.raw("messages"), attached if isinstance(attached, dict) else {})
    album = options.album()
    conversation = _conversation(fields, given, album, options)
    scores = fields.raw("scores") if isinstance(fields.raw("scores"), dict) else {}
    kept = {
        "inspect": {
            **{
                name: about[name]
                for name in ("task", "task_id", "run_id", "eval_id", "model")
                if name in about
            },
            **{name: fields.raw(name) for name in ("epoch", "limit", "metadata") if fields.has(name)},
            **({"error": _error(fields)} if fields.has("error") else {}),
            "scores": scores,
        }
    }
    target = fields.raw("target")
    return TraceDraft(
        external_id=_id(fields, about),
        problem=ProblemDraft(
            conversation.problem, reference_answer=_reference(target), meta=conversation.problem_meta()
        ),
        steps=conversation.steps,
        source_model=name_or_nothing(about.get("model"), "eval.model"),
        outcome=_outcome(fields, scores),
        meta=Fields(kept).rest(frozenset()) | conversation.meta(),
        images=tuple(album.drafts.values()),
        flaws=tuple(album.flaws),
    )


def _conversation(fields: Fields, given: Any, album: Album, options: ReadOptions) -> Conversation:
    if isinstance(given, list):
        given = [_with_error(one) if isinstance(one, dict) else one for one in given]
        has_answer = any(isinstance(one, dict) and one.get("role") == "assistant" for one in given)
        if fields.has("error") and not has_answer:
            reason = f"the sample ended before the model said anything: {_error(fields)['message'][:200]}"
            raise Rejected(reason, field="error")
    return conversation_of(messages_in(Fields({"messages": given}), "messages", album), "messages", options)


def _with_error(message: dict[str, Any]) -> dict[str, Any]:
    """A tool's message with its name, and the error that the model was told where the tool failed."""
    if message.get("role") != "tool":
        return message
    error = message.get("error")
    told = error.get("message") if isinstance(error, dict) else None
    named = {"name": message.get("function"), **message}
    if not isinstance(told, str) or not told.strip():
        return named
    content = message.get("content")
    parts = content if isinstance(content, list) else [content] if content else []
    return named | {"content": [*parts, f"Error: {told}"]}


def _error(fields: Fields) -> dict[str, str]:
    """What went wrong, less the traceback, which speaks of the machine it ran on."""
    error = fields.raw("error")
    message = error.get("message") if isinstance(error, dict) else error
    return {"message": failure(str(message), "error", longest=LONGEST_ERROR)}


def _id(fields: Fields, about: Mapping[str, Any]) -> str:
    """Samples are named by their data set, and one data set is evaluated many times."""
    sample, epoch = fields.raw("id"), fields.raw("epoch")
    if not isinstance(sample, int | str) or isinstance(sample, bool) or sample == "":
        raise Rejected("is missing", field="id")
    run = about.get("eval_id") or about.get("run_id") or ""
    parts = [str(about.get("task") or "inspect"), str(run), str(sample), str(epoch or 1)]
    return Fields({"id": ":".join(part for part in parts if part)}).name("id")


def _reference(target: Any) -> str | None:
    """One target; of several none is the answer."""
    if isinstance(target, list) and len(target) == 1:
        target = target[0]
    return target if isinstance(target, str) and target.strip() else None


def _outcome(fields: Fields, scores: Mapping[str, Any]) -> Outcome | None:
    values = [score.get("value") if isinstance(score, dict) else score for score in scores.values()]
    told = {_OUTCOMES.get(_word(value)) for value in values}
    if fields.has("error"):
        return None
    if not values:
        return Outcome.TRUNCATED if fields.has("limit") else None
    return told.pop() if len(told) == 1 else None


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def _put_back(value: Any, attached: Mapping[str, Any], depth: int = _MOST_DEEP) -> Any:
    if isinstance(value, str) and value.startswith(_ATTACHED):
        return attached.get(value[len(_ATTACHED) :], value)
    if depth and isinstance(value, list):
        return [_put_back(one, attached, depth - 1) for one in value]
    if depth and isinstance(value, dict):
        return {name: _put_back(one, attached, depth - 1) for name, one in value.items()}
    return value
