"""The table of steps of one of Gradus's releases (``parquet``): a row per step, with its decision and its votes.

The rows of a trace stand together, in order. A step that was kept has its level by ``gold/consensus``, each vote is a
label by its rater, and a reviewer's decision the answer key ``gold/review``. How sure a decision was, and why it was
made, is kept in the step's meta. What is the trace's or its problem's is read from the trace's first row. A release of
single tiers holds only some steps of a trace, which is refused: what is missing cannot be made up. Tables of earlier
versions, without reference answers, images and meta, are read as far as they go.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from annotate.enums import Action, Outcome, RaterKind
from annotate.errors import Rejected
from annotate.ingest.album import Album
from annotate.ingest.drafts import BadRow, LabelDraft, ProblemDraft, RaterDraft, Row, TraceDraft
from annotate.ingest.fields import Fields, one_of
from annotate.ingest.given_images import given_images
from annotate.ingest.json_records import Record
from annotate.ingest.label_fields import LABEL_FIELDS, VERDICT, label_draft
from annotate.ingest.merging import merged
from annotate.ingest.options import PLAIN, ReadOptions
from annotate.ingest.records import records
from annotate.ingest.sample import Sample
from annotate.ingest.source import Source
from annotate.ingest.step_fields import MAX_STEPS, given_steps, with_images

GOLD = RaterDraft("gold/consensus", RaterKind.GOLD, is_simulated=False)
_REFERENCES = ("reference_answer", "reference_solution")
_OF_TRACE = ("problem", "problem_text", *_REFERENCES, "source_model", "outcome", "steps")
_FIRST_ALONE = ("problem_images", "problem_meta", "trace_meta")
_OF_STEP = ("position", "kind", "text", "tail", "label", "votes", "images", "meta")
_KNOWN = frozenset({"trace", *_OF_TRACE, *_FIRST_ALONE, *_OF_STEP})


class StepsReader:
    name = "steps"
    title = "Steps of a release, with decisions and votes"
    heeds = frozenset({"criterion"})

    def fits(self, sample: Sample) -> bool:
        return sample.has("trace", "problem_text", "position", "text", "action", "votes")

    def rows(self, source: Source, options: ReadOptions = PLAIN) -> Iterator[Row | BadRow]:
        for line, group in _traces(source):
            if isinstance(group, BadRow):
                yield group
                continue
            try:
                yield Row(line, _trace_draft(group, options))
            except Rejected as error:
                yield BadRow(line, error.field, error.reason)


def _traces(source: Source) -> Iterator[tuple[int, list[Fields] | BadRow]]:
    """(line, rows of one trace); what is no row by itself."""
    line, group = 0, list[Fields]()
    for record in records(source):
        found = _fields(record)
        if isinstance(found, BadRow):
            yield record.line, found
            continue
        if group and (found.raw("trace") != group[0].raw("trace") or found.raw("position") == 0):
            yield line, group
            group = []
        line = line if group else record.line
        # One more than a trace may have is refused, and no more of them need be held.
        if len(group) <= MAX_STEPS:
            group.append(found)
    if group:
        yield line, group


def _fields(record: Record | BadRow) -> Fields | BadRow:
    if isinstance(record, BadRow):
        return record
    try:
        return Fields.of(record.value)
    except Rejected as error:
        return BadRow(record.line, error.field, error.reason)


def _trace_draft(rows: Sequence[Fields], options: ReadOptions) -> TraceDraft:
    first, album = rows[0], options.album()
    _check_whole(rows)
    steps = given_steps(
        Fields({"steps": [_step(row, place) for place, row in enumerate(rows)]}), separator="", album=album
    )
    problem = _problem(first, album)
    return TraceDraft(
        external_id=first.name("trace"),
        problem=problem,
        steps=steps,
        source_model=_name(first, "source_model"),
        outcome=one_of(first.raw("outcome"), Outcome, "outcome") if first.has("outcome") else None,
        meta=_meta(first, "trace_meta"),
        labels=(
            *_gold(rows, options.criterion or VERDICT),
            *(label for position, row in enumerate(rows) for label in _votes(row, position)),
        ),
        images=tuple(album.drafts.values()),
        flaws=tuple(album.flaws),
    )


def _problem(first: Fields, album: Album) -> ProblemDraft:
    images = given_images(first, album, "problem_images")
    answer, solution = (first.optional_text(name) for name in _REFERENCES)
    return ProblemDraft(
        first.text("problem_text"),
        external_id=_name(first, "problem"),
        reference_answer=answer,
        reference_solution=solution,
        meta=with_images(_meta(first, "problem_meta"), images, "problem_meta"),
    )


def _meta(row: Fields, name: str, path: str = "") -> dict[str, Any]:
    """A free object, written as text. Raises Rejected for a text that is none."""
    given, path = row.raw(name), path or name
    if isinstance(given, str):
        try:
            given = json.loads(given, parse_constant=_no_number)
        except (ValueError, RecursionError):
            raise Rejected("is no JSON", field=path) from None
    return Fields({name: given}, path.rpartition(".")[0]).meta(name)


def _no_number(word: str) -> Any:
    raise ValueError(word)


def _check_whole(rows: Sequence[Fields]) -> None:
    """Raises Rejected unless these are all steps of one trace."""
    for position, row in enumerate(rows):
        if row.integer("position") != position:
            raise Rejected(
                f"{row.integer('position')} stands where step {position} should: the table does not hold all steps",
                field="position",
            )
        for name in _OF_TRACE:
            if row.raw(name) != rows[0].raw(name):
                raise Rejected(f"differs between steps 0 and {position} of the trace", field=name)
    n_steps = rows[0].integer("steps") if rows[0].has("steps") else len(rows)
    if n_steps != len(rows):
        raise Rejected(
            f"the trace has {n_steps} steps, and the table holds {len(rows)} of them", field="steps"
        )


def _step(row: Fields, position: int) -> dict[str, Any]:
    told = {name: value for name, value in row.rest(_KNOWN).items() if value not in (None, "")}
    step = {name: row.raw(name) for name in ("text", "kind", "tail", "images")}
    meta: Mapping[str, Any] = _meta(row, "meta", f"steps[{position}].meta")
    meta = merged(meta, {"release": told}) if told else meta
    return step | ({"meta": dict(meta)} if meta else {})


def _name(row: Fields, name: str) -> str:
    return row.name(name) if row.raw(name) not in (None, "") else ""


def _gold(rows: Sequence[Fields], criterion: str) -> Iterator[LabelDraft]:
    for position, row in enumerate(rows):
        if row.raw("action") == Action.KEEP and row.has("label"):
            yield LabelDraft(GOLD, criterion, position, row.name("label"), origin=f"steps[{position}].label")


def _votes(row: Fields, position: int) -> Iterator[LabelDraft]:
    for path, entry in row.items("votes") if row.has("votes") else ():
        place = f"steps[{position}].{path}"
        yield _label(Fields.of(entry, place), position, place)


def _label(vote: Fields, position: int, place: str) -> LabelDraft:
    kind, score = vote.raw("kind"), vote.raw("score")
    if score is not None and (isinstance(score, bool) or not isinstance(score, int | float)):
        raise Rejected("must be a number", field=vote.path("score"))
    told = {name: value for name, value in vote.items_of() if name not in ("kind", "score") and value != ""}
    fields = Fields({**told, "step": position, "rater_kind": kind}, place)
    fields.refuse_unknown(LABEL_FIELDS)
    label = label_draft(fields, origin=place, is_released=True)
    return replace(label, score=None if score is None else float(score))
