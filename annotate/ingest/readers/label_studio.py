"""A Label Studio project as it exports itself (JSON): tasks with annotations and predictions.

``data`` holds the problem and the steps or the text, under names as a table's (columns.py), ``map`` says otherwise
(``problem=data.question``). Whoever completed an annotation becomes a person, ``label_studio/ID``; a prediction's
``model_version`` a judge; an annotation marked ``ground_truth`` is gold. A result speaks of a step, counted from 0:
the one that ``to_name`` ends with (``step_3``), or that a repeater numbers it by (``verdict_3`` to ``text_3``), every
step its span touches, or the paragraphs it names; else of the whole trace. Its question is the criterion that ``map
CRITERION=FROM_NAME`` says, the verdict for ``step_label``, ``verdict`` and ``label``, else the one of that name:

| result | becomes |
|---|---|
| choices, labels, taxonomy and the like | a level; several are tags |
| rating, number | the level of that number |
| textarea | an answer in words, or with ``map verdict.text=FROM_NAME`` the text of a label |
| pairwise | two traces, a pair, and which is the better one (studio_pairs.py) |

Cancelled annotations and drafts say nothing, nor do predictions of which the usual export keeps the number alone; the
trace's meta counts them. What marks a region of an image or a sound is refused, and so are exports as JSON-MIN and CSV,
in which answers stand among the data and nothing tells them apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from annotate.enums import RaterKind
from annotate.errors import Rejected
from annotate.ingest.columns import Columns, deep, trace_of
from annotate.ingest.drafts import BadRow, Draft, LabelDraft, RaterDraft, Row, TraceDraft
from annotate.ingest.fields import Fields
from annotate.ingest.options import CUTTING, PLAIN, ReadOptions
from annotate.ingest.records import rows_of
from annotate.ingest.sample import Sample
from annotate.ingest.source import Source
from annotate.ingest.step_spans import StepSpans
from annotate.ingest.studio_pairs import PAIRWISE, Comparison, pairs_of_task
from annotate.ingest.voices import Voice, criterion_of

_NUMBERED = re.compile(r"^(?P<name>.*?)_?(?P<number>\d{1,5})$")
_OF_STEP = re.compile(r"(?:^|_)step$")
_CHOSEN = ("choices", "labels", "hypertextlabels", "paragraphlabels", "taxonomy", "ranker")
_TOLD = ("rating", "number")
# Every row of a JSON-MIN or CSV export ends with these.
_MINIMAL = frozenset({"annotator", "annotation_id", "lead_time"})


class LabelStudioReader:
    name = "label_studio"
    title = "Label Studio: tasks with their annotators and predictions"
    heeds = CUTTING | {"columns", "values", "problem"}

    def fits(self, sample: Sample) -> bool:
        has_results = sample.list_of("annotations", dict) is not None or "predictions" in sample.keys
        return sample.keys >= _MINIMAL or (isinstance(sample.value("data"), dict) and has_results)

    def rows(self, source: Source, options: ReadOptions = PLAIN) -> Iterator[Row | BadRow]:
        columns = Columns(options, beside=None)
        return rows_of(source, lambda fields: _drafts(fields, columns))


def _drafts(fields: Fields, columns: Columns) -> Draft | Sequence[Draft]:
    if not fields.has("data") and all(name in fields for name in _MINIMAL):
        raise Rejected(
            "is a row of a JSON-MIN or CSV export, which does not tell answers from data; export as JSON, or read it"
            " as a table to bring in the traces alone",
            field="annotator",
        )
    data = fields.fields("data")
    task = _with_id(Fields({**dict(data.items_of()), "data": fields.raw("data")}), fields)
    heard = list(_heard(fields))
    compared = [
        Comparison(one.rater, result)
        for one in heard
        for result in one.results
        if result.raw("type") == PAIRWISE
    ]
    left_out = _left_out(fields)
    if compared:
        beside = sum(len(one.results) for one in heard) - len(compared)
        return pairs_of_task(task, compared, columns, left_out | ({"beside": beside} if beside else {}))
    return _trace_draft(task, heard, columns, left_out)


@dataclass(frozen=True, slots=True)
class _Heard:
    """Whoever has said something, the results, and how sure a model was of them as a whole."""

    rater: RaterDraft
    results: list[Fields]
    score: float | None = None


def _trace_draft(task: Fields, heard: list[_Heard], columns: Columns, left_out: dict[str, int]) -> TraceDraft:
    draft = trace_of(task, columns, "label-studio")
    meta = {name: value for name, value in draft.meta.items() if name != "data"}
    listed, _ = columns.value(task, "steps")
    places = _Places(draft, columns, _text_of(task, columns), is_listed=listed is not None)
    labels: list[LabelDraft] = []
    for one in heard:
        voice = Voice(one.rater, columns.options)
        for result in one.results:
            _hear(result, places, voice)
        sure = {} if one.score is None else {"score": one.score}
        labels += [replace(label, evidence={**label.evidence, **sure}) for label in voice.labels()]
    said = {"label_studio": {"left_out": left_out}} if left_out else {}
    return replace(draft, meta=meta | said, labels=tuple(labels))


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


def _heard(fields: Fields) -> Iterator[_Heard]:
    for name in ("annotations", "predictions"):
        for path, entry in fields.items(name) if fields.has(name) else ():
            if _is_number(entry):
                continue
            given = Fields.of(entry, path)
            if given.raw("was_cancelled") is not True and given.has("result"):
                results = [Fields.of(result, place) for place, result in given.items("result")]
                is_person = name == "annotations"
                score = None if is_person else _score(given.raw("score"))
                yield _Heard(_rater(given, is_person=is_person), results, score)


def _score(given: Any) -> float | None:
    return float(given) if isinstance(given, int | float) and not isinstance(given, bool) else None


def _left_out(fields: Fields) -> dict[str, int]:
    def count(name: str) -> list[Any]:
        return fields.list(name) if fields.has(name) else []

    found = {
        "cancelled": sum(
            isinstance(one, dict) and one.get("was_cancelled") is True for one in count("annotations")
        ),
        "drafts": len(fields.raw("drafts")) if isinstance(fields.raw("drafts"), list) else 0,
        "predictions by number": sum(map(_is_number, count("predictions"))),
    }
    return {name: number for name, number in found.items() if number}


def _is_number(entry: Any) -> bool:
    return isinstance(entry, int) and not isinstance(entry, bool)


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


class _Places:
    """Where in a trace a result belongs, and which question it answers."""

    def __init__(self, draft: TraceDraft, columns: Columns, text: str, *, is_listed: bool) -> None:
        self._columns = columns
        self._spans = StepSpans(draft.steps, text)
        self._n_steps = len(draft.steps)
        self._is_listed = is_listed

    def of(self, result: Fields, value: Fields) -> tuple[str, list[int | None]]:
        """The criterion, and the steps; None for the whole."""
        name, position = self._question(result)
        criterion = criterion_of(result.name("from_name"), self._columns.options, name)
        if not (value.has("start") and value.has("end")):
            return criterion, [position]
        if value.has("startOffset"):
            return criterion, [*self._paragraphs(value)]
        begin, end = value.integer("start"), value.integer("end")
        return criterion, [*self._spans.touched(begin, end, value.path("start"))]

    def _question(self, result: Fields) -> tuple[str, int | None]:
        name = result.name("from_name")
        asked, about = _NUMBERED.match(name), _NUMBERED.match(str(result.raw("to_name") or ""))
        number = asked["number"] if asked else None
        # A repeater writes the step's number behind the names of everything within it.
        is_repeated = self._is_listed and about is not None and number == about["number"]
        if about is not None and (is_repeated or _OF_STEP.search(about["name"])):
            position = int(about["number"])
        elif asked is not None and _OF_STEP.search(asked["name"]):
            position = int(asked["number"])
        else:
            return name, None
        if asked is not None and int(asked["number"]) == position:
            name = _OF_STEP.sub("", asked["name"]) or "verdict"
        return name, position

    def _paragraphs(self, value: Fields) -> range:
        """Paragraphs are numbered from 0, in words."""
        ends = [str(value.raw(name)) for name in ("start", "end")]
        if not self._is_listed or not all(end.isdecimal() for end in ends):
            raise Rejected("counts paragraphs, and the steps are no list of them", field=value.path("start"))
        begin, end = map(int, ends)
        if not begin <= end < self._n_steps:
            raise Rejected(f"lies outside the steps 0 to {self._n_steps - 1}", field=value.path("start"))
        return range(begin, end + 1)


def _hear(result: Fields, places: _Places, voice: Voice) -> None:
    kind = result.raw("type")
    if kind == "relation":
        raise Rejected("relations between results have no place in a rubric", field=result.path("type"))
    value = result.fields("value")
    if any(name in value for name in ("x", "points", "rle")):
        raise Rejected("marks a region of an image, which has no place on a step", field=result.path("value"))
    criterion, positions = places.of(result, value)
    said = next((name for name in (*_CHOSEN, *_TOLD, "text") if value.has(name)), None)
    for position in positions:
        if said is None:
            raise Rejected("holds no choices, labels, rating, number or text", field=result.path("value"))
        given: Any = value.raw(said)
        if said == "text" and kind == "textarea":
            voice.say(criterion, position, given, result.path("value.text"))
        elif said != "text":
            voice.choose(criterion, position, given, value.path(said), _evidence(value))


def _evidence(value: Fields) -> dict[str, Any]:
    return {name: value.raw(name) for name in ("start", "end") if value.has(name)}
