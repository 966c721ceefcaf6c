"""Argilla records: of its second version flat as ``to_datasets`` gives them, and nested as ``records.to_list()`` and
``to_json`` do; of its first version as ``format_as("datasets")`` and the records themselves have them; and of the
server. What each of these holds, :mod:`annotate.ingest.argilla_records` says.

``fields`` hold the problem and the steps or the text, under names as a table's (columns.py). A response is its
user's, who becomes a person ``argilla/USER``; drafts and discarded ones say nothing, and the trace's meta counts them.
Nested records leave out which responses were submitted: a row with such a response is refused, unless somebody who
knows says so (``map status=submitted``). A suggestion is its agent's, a judge. In flat JSON a suggested label is a
number whose name the file does not hold, and stands even where nothing was suggested: it is left out and counted.

A question named ``step_3``, or ``verdict_step_3``, is about that step, counted from 0; a span about every step it
touches; any other about the whole trace. The criterion is the question's name, the verdict for ``verdict``, ``label``
and ``step_label``, or what ``map CRITERION=QUESTION`` says. Labels and ratings become levels, several of them tags,
texts words. A ranking with its ranks puts the fields it names in order (:mod:`annotate.ingest.argilla_rankings`); the
second version's own exports leave the ranks out, and there it looks like several labels.

A record whose metadata has ``trace_id`` and ``step_index`` is one step of a trace that is here already.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from annotate.errors import Rejected
from annotate.ingest.argilla_rankings import is_ranking, ranked
from annotate.ingest.argilla_records import Said, are_forms, hear
from annotate.ingest.columns import Columns, deep, trace_of
from annotate.ingest.drafts import BadRow, Draft, LabelDraft, LabelSheet, Row
from annotate.ingest.fields import Fields
from annotate.ingest.options import CUTTING, PLAIN, ReadOptions
from annotate.ingest.records import rows_of
from annotate.ingest.sample import Sample
from annotate.ingest.source import Container, Source
from annotate.ingest.step_spans import StepSpans
from annotate.ingest.voices import Voice, criterion_of

_STEP = re.compile(r"^(?P<name>.*?)_?step_?(?P<step>\d{1,5})$")


class ArgillaReader:
    name = "argilla"
    title = "Argilla: records with their responses and suggestions"
    heeds = CUTTING | {"columns", "values", "problem"}

    def fits(self, sample: Sample) -> bool:
        if isinstance(sample.value("fields"), dict) and (
            sample.has("responses") or sample.has("suggestions")
        ):
            return True
        names = list(map(str, sample.keys))
        if any(name.endswith((".responses.users", "-suggestion-metadata")) for name in names):
            return True
        return any(are_forms(sample.value(name)) for name in names)

    def rows(self, source: Source, options: ReadOptions = PLAIN) -> Iterator[Row | BadRow]:
        columns = Columns(options, beside=None)
        is_typed = source.container in (Container.PARQUET, Container.ARROW)
        return rows_of(source, lambda fields: _draft(fields, columns, is_typed=is_typed))


def _draft(fields: Fields, columns: Columns, *, is_typed: bool) -> Draft | Sequence[Draft]:
    heard = hear(fields, columns.options.columns.get("status", ""), is_typed=is_typed)
    step = _step_of(heard.about, heard.place)
    if step is not None:
        trace, position = step
        return LabelSheet(trace, tuple(_labels(heard.said, columns, None, position)))
    if any(is_ranking(one.value) for one in heard.said):
        return ranked(heard, columns)
    draft = trace_of(heard.body, columns, "argilla")
    column = columns.place(heard.body, "text")
    text = deep(heard.body, column) if column else ""
    spans = StepSpans(draft.steps, text if isinstance(text, str) else "")
    labels = tuple(_labels(heard.said, columns, spans, None))
    return replace(draft, meta={**draft.meta, **heard.meta()}, labels=labels)


def _step_of(about: Mapping[str, Any], place: str) -> tuple[str, int] | None:
    if "trace_id" not in about or "step_index" not in about:
        return None
    metadata = Fields(dict(about), place)
    position = metadata.integer("step_index")
    if position < 0:
        raise Rejected("steps count from 0", field=metadata.path("step_index"))
    return metadata.name("trace_id"), position


def _labels(
    said: Sequence[Said], columns: Columns, spans: StepSpans | None, position: int | None
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
    one: Said,
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
