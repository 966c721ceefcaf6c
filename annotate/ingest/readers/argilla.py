"""Argilla 2 records, flat as ``to_datasets`` gives them, and nested as ``records.to_list()`` and ``to_json`` do.

``fields`` hold the problem and the steps or the text, under names as a table's (columns.py). A response is its
user's, who becomes a person ``argilla/USER``; drafts and discarded ones say nothing, and the trace's meta counts them.
Nested records leave out which responses were submitted: a row with such a response is refused, unless somebody who
knows says so (``map status=submitted``). A suggestion is its agent's, a judge. In flat JSON a suggested label is a
number whose name the file does not hold, and stands even where nothing was suggested: it is left out and counted.

A question named ``step_3``, or ``verdict_step_3``, is about that step, counted from 0; a span about every step it
touches; any other about the whole trace. The criterion is the question's name, the verdict for ``verdict``, ``label``
and ``step_label``, or what ``map CRITERION=QUESTION`` says. Labels and ratings become levels, several of them tags,
texts words. A ranking looks like several labels.

A record whose metadata has ``trace_id`` and ``step_index`` is one step of a trace that is here already.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from annotate.enums import RaterKind
from annotate.errors import Rejected
from annotate.ingest.columns import Columns, deep, trace_of
from annotate.ingest.drafts import BadRow, Draft, LabelDraft, LabelSheet, RaterDraft, Row
from annotate.ingest.fields import Fields, one_of
from annotate.ingest.options import CUTTING, PLAIN, ReadOptions
from annotate.ingest.records import rows_of
from annotate.ingest.sample import Sample
from annotate.ingest.source import Container, Source
from annotate.ingest.step_spans import StepSpans
from annotate.ingest.voices import Voice, criterion_of

_STEP = re.compile(r"^(?P<name>.*?)_?step_?(?P<step>\d{1,5})$")
_FLAT = re.compile(
    r"^(?P<question>.+)\.(?P<what>responses|suggestion)(?:\.(?P<part>users|status|score|agent))?$"
)


class _Status(StrEnum):
    SUBMITTED = "submitted"
    DRAFT = "draft"
    DISCARDED = "discarded"


@dataclass(frozen=True, slots=True)
class _Said:
    """One answer: to which question, whose, and where in the row it stands."""

    question: str
    rater: RaterDraft
    value: Any
    path: str
    score: Any = None


@dataclass(frozen=True, slots=True)
class _Record:
    """What a record holds of answers. ``status``: of responses that have none; ``is_typed``: labels are words."""

    status: str
    is_typed: bool
    left_out: Counter[str] = field(default_factory=Counter)

    def counts(self, status: Any, path: str) -> bool:
        """Whether a response was submitted. Raises Rejected where nobody says so."""
        status = status or self.status
        if not status:
            raise Rejected(
                "does not say whether it was submitted; export with to_datasets, or say that all were"
                " (map status=submitted)",
                field=path,
            )
        said = one_of(status, _Status, path)
        if said != _Status.SUBMITTED:
            self.left_out[said.value] += 1
        return said == _Status.SUBMITTED

    def meta(self) -> dict[str, Any]:
        return {"argilla": {"left_out": dict(self.left_out)}} if self.left_out else {}


class ArgillaReader:
    name = "argilla"
    title = "Argilla: records with their responses and suggestions"
    heeds = CUTTING | {"columns", "values", "problem"}

    def fits(self, sample: Sample) -> bool:
        if isinstance(sample.value("fields"), dict) and (
            sample.has("responses") or sample.has("suggestions")
        ):
            return True
        return any(name.endswith(".responses.users") for name in map(str, sample.keys))

    def rows(self, source: Source, options: ReadOptions = PLAIN) -> Iterator[Row | BadRow]:
        columns = Columns(options, beside=None)
        is_typed = source.container in (Container.PARQUET, Container.ARROW)
        return rows_of(source, lambda fields: _draft(fields, columns, is_typed=is_typed))


def _draft(fields: Fields, columns: Columns, *, is_typed: bool) -> Draft:
    record = _Record(columns.options.columns.get("status", ""), is_typed)
    said = list(_nested(fields, record) if fields.has("fields") else _flat(fields, record))
    body = _body(fields)
    step = _step_of(fields)
    if step is not None:
        trace, position = step
        return LabelSheet(trace, tuple(_labels(said, columns, None, position)))
    draft = trace_of(body, columns, "argilla")
    column = columns.place(body, "text")
    text = deep(body, column) if column else ""
    spans = StepSpans(draft.steps, text if isinstance(text, str) else "")
    labels = tuple(_labels(said, columns, spans, None))
    return replace(draft, meta={**draft.meta, **record.meta()}, labels=labels)


def _body(fields: Fields) -> Fields:
    """What the trace is made of: the record's fields, its metadata beside them."""
    if not fields.has("fields"):
        own = {name: value for name, value in fields.items_of() if not _FLAT.match(name)}
        return Fields({name: value for name, value in own.items() if name not in ("_server_id", "status")})
    found = dict(fields.fields("fields").items_of())
    clash = found.keys() & {"metadata", "id"}
    body: dict[str, Any] = {name: value for name, value in fields.items_of() if name in ("id", "metadata")}
    if not fields.has("metadata") or not fields.raw("metadata"):
        body.pop("metadata", None)
    return Fields({name: value for name, value in body.items() if name not in clash} | found)


def _step_of(fields: Fields) -> tuple[str, int] | None:
    about = fields.raw("metadata") if fields.has("fields") else dict(fields.items_of())
    if not isinstance(about, dict) or "trace_id" not in about or "step_index" not in about:
        return None
    metadata = Fields(about, "metadata" if fields.has("fields") else "")
    position = metadata.integer("step_index")
    if position < 0:
        raise Rejected("steps count from 0", field=metadata.path("step_index"))
    return metadata.name("trace_id"), position


def _nested(fields: Fields, record: _Record) -> Iterator[_Said]:
    responses = fields.fields("responses") if fields.has("responses") else Fields({})
    for question, given in responses.items_of():
        if given is None:
            continue
        for path, entry in responses.items(question):
            response = Fields.of(entry, path)
            if record.counts(response.raw("status"), response.path("status")):
                user = _person(response.raw("user_id"), response.path("user_id"))
                yield _Said(question, user, response.raw("value"), response.path("value"))
    suggestions = fields.fields("suggestions") if fields.has("suggestions") else Fields({})
    for question, given in suggestions.items_of():
        if given is None:
            continue
        suggestion = suggestions.fields(question)
        agent = _judge(suggestion.raw("agent"))
        yield _Said(
            question, agent, suggestion.raw("value"), suggestion.path("value"), suggestion.raw("score")
        )


def _flat(fields: Fields, record: _Record) -> Iterator[_Said]:
    for name, given in fields.items_of():
        found = _FLAT.match(name)
        if found is None or found["part"] or given is None:
            continue
        if found["what"] == "suggestion":
            if not record.is_typed and _is_number(given) and not _are_numbers(fields, found["question"]):
                record.left_out["suggestion by number"] += 1
                continue
            agent = _judge(fields.raw(f"{name}.agent"))
            yield _Said(found["question"], agent, given, name, fields.raw(f"{name}.score"))
            continue
        users, status = (_listed(fields, f"{name}.{part}") for part in ("users", "status"))
        for place, (path, value) in enumerate(fields.items(name)):
            here = status[place] if place < len(status) else None
            if record.counts(here, f"{name}.status[{place}]"):
                user = users[place] if place < len(users) else None
                yield _Said(found["question"], _person(user, f"{name}.users[{place}]"), value, path)


def _listed(fields: Fields, name: str) -> list[Any]:
    return fields.list(name) if fields.has(name) else []


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _are_numbers(fields: Fields, question: str) -> bool:
    """Whether people answered with numbers, as they do where a rating is asked for."""
    given = fields.raw(f"{question}.responses")
    return isinstance(given, list) and any(map(_is_number, given))


def _person(user: Any, path: str) -> RaterDraft:
    if not isinstance(user, str) or not user:
        raise Rejected("does not say whose response it is", field=path)
    return RaterDraft(f"argilla/{user}", RaterKind.PERSON, is_simulated=False)


def _judge(agent: Any) -> RaterDraft:
    return RaterDraft(f"argilla/{agent or 'suggestion'}", RaterKind.JUDGE, is_simulated=False)


def _labels(
    said: list[_Said], columns: Columns, spans: StepSpans | None, position: int | None
) -> Iterator[LabelDraft]:
    voices: dict[str, Voice] = {}
    for one in said:
        voice = voices.setdefault(one.rater.name, Voice(one.rater, columns.options))
        found = _STEP.match(one.question)
        name = (found["name"] or "verdict") if found else one.question
        place = int(found["step"]) if found else position
        criterion = criterion_of(one.question, columns.options, name)
        evidence = {"score": one.score} if one.score is not None else {}
        _hear(voice, criterion, place, one, spans, evidence)
    for voice in voices.values():
        yield from voice.labels()


def _hear(
    voice: Voice,
    criterion: str,
    place: int | None,
    one: _Said,
    spans: StepSpans | None,
    evidence: dict[str, Any],
) -> None:
    value = one.value
    if not isinstance(value, list) or not any(isinstance(entry, dict) for entry in value):
        voice.answer(criterion, place, value, one.path, evidence)
        return
    for number, entry in enumerate(value):
        mark = Fields.of(entry, f"{one.path}[{number}]")
        if not mark.has("start") or not mark.has("end"):
            raise Rejected("is no span, and nothing else is known here", field=mark.path("value"))
        if spans is None:
            raise Rejected("marks a span of a step, which has no steps of its own", field=one.path)
        begin, end = mark.integer("start"), mark.integer("end")
        for position in spans.touched(begin, end, mark.path("start")):
            voice.choose(
                criterion, position, mark.raw("label"), mark.path("label"), {"start": begin, "end": end}
            )
