"""A Label Studio project as it exports itself (JSON): tasks with annotations and predictions.

``data`` holds the problem and the steps or the text, under names as a table's (columns.py), ``map`` says otherwise
(``problem=data.question``). Whoever completed an annotation becomes a person, ``label_studio/ID``; a prediction's
``model_version`` a judge; an annotation marked ``ground_truth`` is gold. A result speaks of the step that ``to_name``
ends with (``step_3``, counted from 0), of every step its span touches, or of the whole trace. Its question is the
criterion that ``map CRITERION=FROM_NAME`` says, the verdict for ``step_label``, ``verdict`` and ``label``, else the
one of that name:

| result | becomes |
|---|---|
| choices, labels, taxonomy and the like | a level; several are tags |
| rating, number | the level of that number |
| textarea | the text of the labels beside it, or an answer in words |

Cancelled annotations say nothing. What marks a region of an image or a sound is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from annotate.enums import RaterKind
from annotate.errors import Rejected
from annotate.ingest.columns import Columns, deep, trace_of
from annotate.ingest.drafts import BadRow, RaterDraft, Row, TraceDraft
from annotate.ingest.fields import Fields
from annotate.ingest.options import CUTTING, PLAIN, ReadOptions
from annotate.ingest.records import rows_of
from annotate.ingest.sample import Sample
from annotate.ingest.source import Source
from annotate.ingest.step_spans import StepSpans
from annotate.ingest.voices import Voice, criterion_of

_STEP = re.compile(r"(?:^|_)step_?(\d{1,5})$")
_CHOSEN = ("choices", "labels", "hypertextlabels", "paragraphlabels", "taxonomy", "ranker")
_TOLD = ("rating", "number")
_KNOWN = frozenset({"data", "annotations", "predictions"})


class LabelStudioReader:
    name = "label_studio"
    title = "Label Studio: tasks with their annotators and predictions"
    heeds = CUTTING | {"columns", "values", "problem"}

    def fits(self, sample: Sample) -> bool:
        has_results = sample.list_of("annotations", dict) is not None or "predictions" in sample.keys
        return isinstance(sample.value("data"), dict) and has_results

    def rows(self, source: Source, options: ReadOptions = PLAIN) -> Iterator[Row | BadRow]:
        columns = Columns(options, beside=None)
        return rows_of(source, lambda fields: _trace_draft(fields, columns))


def _trace_draft(fields: Fields, columns: Columns) -> TraceDraft:
    data = fields.fields("data")
    task = Fields({**dict(data.items_of()), "data": fields.raw("data")})
    draft = trace_of(_with_id(task, fields), columns, "label-studio")
    meta = {name: value for name, value in draft.meta.items() if name != "data"}
    spans = StepSpans(draft.steps, _text_of(task, columns))
    labels = tuple(label for voice in _voices(fields, columns, spans) for label in voice.labels())
    return replace(draft, meta=meta, labels=labels)


def _with_id(task: Fields, fields: Fields) -> Fields:
    """A task's own number names it, unless its data or the mapping does."""
    found = dict(task.items_of())
    if fields.has("id") and not any(name in found for name in ("id", "uuid", "unique_id")):
        found["id"] = f"label-studio-{fields.raw('id')}"
    return Fields(found)


def _text_of(task: Fields, columns: Columns) -> str:
    column = columns.place(task, "text")
    given = deep(task, column) if column else ""
    return given if isinstance(given, str) else ""


def _voices(fields: Fields, columns: Columns, spans: StepSpans) -> Iterator[Voice]:
    for name in ("annotations", "predictions"):
        for path, entry in fields.items(name) if fields.has(name) else ():
            given = Fields.of(entry, path)
            if given.raw("was_cancelled") is True or not given.has("result"):
                continue
            voice = Voice(_rater(given, is_person=name == "annotations"), columns.options.values)
            for place, result in given.items("result"):
                _hear(Fields.of(result, place), columns, spans, voice)
            yield voice


def _rater(given: Fields, *, is_person: bool) -> RaterDraft:
    if not is_person:
        version = given.raw("model_version")
        return RaterDraft(f"label_studio/{version or 'prediction'}", RaterKind.JUDGE, is_simulated=False)
    if given.raw("ground_truth") is True:
        return RaterDraft("gold/label_studio", RaterKind.GOLD, is_simulated=False)
    by = given.raw("completed_by")
    # An export may hold the whole person. The number is enough, and an address is nobody's business here.
    by = by.get("id") if isinstance(by, dict) else by
    if isinstance(by, bool) or not isinstance(by, int | str) or by == "":
        raise Rejected("does not say who completed it", field=given.path("completed_by"))
    return RaterDraft(f"label_studio/{by}", RaterKind.PERSON, is_simulated=False)


def _hear(result: Fields, columns: Columns, spans: StepSpans, voice: Voice) -> None:
    kind = result.raw("type")
    if kind == "relation":
        raise Rejected("relations between results have no place in a rubric", field=result.path("type"))
    value = result.fields("value")
    if any(name in value for name in ("x", "points", "rle")):
        raise Rejected("marks a region of an image, which has no place on a step", field=result.path("value"))
    criterion = criterion_of(result.name("from_name"), columns.options)
    positions = _positions(result, value, spans)
    said = next((name for name in (*_CHOSEN, *_TOLD, "text") if value.has(name)), None)
    for position in positions:
        if said is None:
            raise Rejected("holds no choices, labels, rating, number or text", field=result.path("value"))
        given: Any = value.raw(said)
        if said == "text" and kind == "textarea":
            voice.say(criterion, position, given, result.path("value.text"))
        elif said != "text":
            voice.choose(criterion, position, given, value.path(said), _evidence(value))


def _positions(result: Fields, value: Fields, spans: StepSpans) -> list[int | None]:
    if value.has("start") and value.has("end"):
        begin, end = value.integer("start"), value.integer("end")
        return [*spans.touched(begin, end, value.path("start"))]
    found = _STEP.search(str(result.raw("to_name") or ""))
    return [int(found[1])] if found else [None]


def _evidence(value: Fields) -> dict[str, Any]:
    return {name: value.raw(name) for name in ("start", "end") if value.has(name)}
