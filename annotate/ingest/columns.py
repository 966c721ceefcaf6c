"""Where a file keeps what a trace is made of: by what somebody has said, or by names that leave no doubt.

A column may lie deeper (``data.question``). Cells of CSV are strings; lists stand in them as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from annotate.enums import Outcome, RaterKind
from annotate.errors import Rejected
from annotate.ingest.album import Album
from annotate.ingest.drafts import LabelDraft, ProblemDraft, StepDraft, TraceDraft, named_by_content
from annotate.ingest.fields import Fields, clean_text, kind_of
from annotate.ingest.image_entries import KEY
from annotate.ingest.label_fields import VERDICT, first_error_labels
from annotate.ingest.levels import level_of, word_of
from annotate.ingest.options import ReadOptions
from annotate.ingest.step_fields import given_steps

SEPARATOR = "\n\n"
NEEDED = ("problem", "steps", "text")
FIELDS = (
    *("id", "problem", "problem_id", "steps", "text", "model", "outcome", "reference_answer"),
    *("reference_solution", "first_error", "labels", "images"),
)
INSTRUCTION, INPUT = "instruction", "input"
# Names that mean one thing wherever they stand. An "answer" may be the model's or the right one, and is not here.
USUAL: Mapping[str, Sequence[str]] = {
    "id": ("id", "uuid", "unique_id"),
    "problem": ("problem", "question", "prompt", INSTRUCTION, "query"),
    "steps": ("steps", "completions"),
    "text": ("text", "solution", "response", "completion", "output", "generation"),
    "model": ("model", "generator"),
    "reference_answer": ("reference_answer",),
    "reference_solution": ("reference_solution",),
}
_OUTCOMES = {
    "true": Outcome.RIGHT,
    "false": Outcome.WRONG,
    "correct": Outcome.RIGHT,
    "incorrect": Outcome.WRONG,
}


class Columns:
    """``beside``: what else may be mapped, such as criteria; None takes any name."""

    def __init__(self, options: ReadOptions, beside: Sequence[str] | None = ()) -> None:
        self.options = options
        for name in options.columns:
            if beside is not None and name not in (*FIELDS, *beside):
                raise Rejected(f"{name} is no field of a trace; they are {', '.join(FIELDS)}", field="map")

    def place(self, fields: Fields, name: str) -> str | None:
        """The column that holds a field of this row. Raises Rejected where several could."""
        said = self.options.columns.get(name)
        if said is not None:
            return said
        usual = [one for one in USUAL.get(name, ()) if one in fields]
        if len(usual) > 1:
            raise Rejected(f"{' and '.join(usual)} could both be the {name}; say which (map {name}=COLUMN)")
        return usual[0] if usual else None

    def value(self, fields: Fields, name: str) -> tuple[Any, str]:
        """(value, path); None where the row has no such column."""
        column = self.place(fields, name)
        return (None, name) if column is None else (deep(fields, column), column)

    def text(self, fields: Fields, name: str) -> str | None:
        value, path = self.value(fields, name)
        return None if value is None else clean_text(_as_text(value), path)

    def beside(self, fields: Fields) -> str | None:
        """The column of what an instruction is about, where a row keeps the two apart as Alpaca's do."""
        if "problem" in self.options.columns or self.place(fields, "problem") != INSTRUCTION:
            return None
        said = _as_text(fields.raw(INPUT))
        return INPUT if isinstance(said, str) and said.strip() else None

    def fits(self, record: Mapping[str, Any]) -> bool:
        """Whether a record has a problem, and steps or a text."""
        fields = Fields(dict(record))
        try:
            found = {name: self.place(fields, name) for name in NEEDED}
        except Rejected:
            return bool(self.options.columns)
        has_problem = found["problem"] is not None or bool(self.options.problem)
        return has_problem and (found["steps"] is not None or found["text"] is not None)


def trace_of(fields: Fields, columns: Columns, prefix: str, labels: Sequence[LabelDraft] = ()) -> TraceDraft:
    """A row as a trace; whatever is not mapped is kept in its meta. ``prefix`` begins the id of one without."""
    album = columns.options.album()
    problem = _problem(fields, columns, album)
    steps = steps_of(fields, columns)
    used = {*(columns.place(fields, name) for name in FIELDS), columns.beside(fields)}
    known = frozenset(column.partition(".")[0] for column in used if column)
    return TraceDraft(
        external_id=_id(fields, columns) or named_by_content(prefix, problem, steps),
        problem=problem,
        steps=steps,
        source_model=_name(fields, columns, "model"),
        outcome=_outcome(fields, columns),
        meta=fields.rest(known),
        labels=(*labels, *_labels(fields, columns, len(steps))),
        images=tuple(album.drafts.values()),
        flaws=tuple(album.flaws),
    )


def deep(fields: Fields, column: str) -> Any:
    """A value by its column's name, or by a way through objects; None where there is none."""
    if column in fields:
        return fields.raw(column)
    value: Any = None
    for number, part in enumerate(column.split(".")):
        value = (
            fields.raw(part) if number == 0 else (value or {}).get(part) if isinstance(value, dict) else None
        )
    return value


def steps_of(fields: Fields, columns: Columns) -> tuple[StepDraft, ...]:
    given, path = columns.value(fields, "steps")
    if given is None:
        text = columns.text(fields, "text")
        _, path = columns.value(fields, "text")
        if text is None:
            mapped = path if path != "text" else columns.place(fields, "steps")
            said = _not_there(fields) if mapped else "holds neither steps nor a text to be cut"
            raise Rejected(said, field=mapped or path)
        if not text.strip():
            raise Rejected("is empty", field=path)
        return columns.options.cut(text, path)
    return given_steps(Fields({path: [_step(one) for one in _list(given, path)]}), path, separator=SEPARATOR)


def _not_there(fields: Fields) -> str:
    """Cells of CSV that are empty are no fields of their row, so that nobody can tell the two here."""
    there = ", ".join(sorted(name for name, _ in fields.items_of())[:12])
    return f"is empty, or there is no such column; the row holds {there or 'nothing'}"


def _step(entry: Any) -> Any:
    """A step as a text; of an object the text it is about, and its number is forgotten."""
    return entry["text"] if isinstance(entry, dict) and "text" in entry else entry


def _problem(fields: Fields, columns: Columns, album: Album) -> ProblemDraft:
    text = columns.text(fields, "problem") or columns.options.problem
    _, path = columns.value(fields, "problem")
    if not text.strip():
        raise Rejected("holds no problem" if path == "problem" else _not_there(fields), field=path)
    beside = columns.beside(fields)
    if beside is not None:
        text = f"{text}{SEPARATOR}{clean_text(_as_text(fields.raw(beside)), beside)}"
    pictures, place = columns.value(fields, "images")
    entries = [
        album.take(one, f"{place}[{number}]")
        for number, one in enumerate(pictures if isinstance(pictures, list) else [pictures])
        if one is not None
    ]
    return ProblemDraft(
        text,
        external_id=_name(fields, columns, "problem_id"),
        reference_answer=columns.text(fields, "reference_answer"),
        reference_solution=columns.text(fields, "reference_solution"),
        meta={KEY: entries} if entries else {},
    )


def _id(fields: Fields, columns: Columns) -> str:
    return _name(fields, columns, "id")


def _name(fields: Fields, columns: Columns, name: str) -> str:
    value, path = columns.value(fields, name)
    return "" if value is None else Fields({path: _as_text(value)}).name(path)


def _outcome(fields: Fields, columns: Columns) -> Outcome | None:
    value, path = columns.value(fields, "outcome")
    word = word_of(value, path)
    if word is None:
        return None
    word = columns.options.values.get(word, word)
    outcome = _OUTCOMES.get(word.casefold()) or (Outcome(word) if word in Outcome.values else None)
    if outcome is None:
        raise Rejected(f"must be one of {', '.join(Outcome.values)}, true or false", field=path)
    return outcome


def _labels(fields: Fields, columns: Columns, n_steps: int) -> Iterator[LabelDraft]:
    options = columns.options
    has = {name: columns.value(fields, name) for name in ("first_error", "labels") if name in options.columns}
    if not has:
        return
    if not options.rater:
        raise Rejected("say whose these labels are (rater)", field=next(iter(has.values()))[1])
    rater = options.rater_or("", RaterKind.JUDGE)
    if "first_error" in has:
        value, path = has["first_error"]
        yield from _up_to(value, path, options, n_steps)
    if "labels" in has:
        value, path = has["labels"]
        entries = [] if value is None else _list(value, path)
        if len(entries) > n_steps:
            raise Rejected(f"has {len(entries)} entries for {n_steps} steps", field=path)
        criterion = options.criterion or VERDICT
        for position, entry in enumerate(entries):
            place = f"{path}[{position}]"
            level = level_of(entry, criterion, options.values, place)
            if level is not None:
                yield LabelDraft(rater, criterion, position, level, origin=place)


def _up_to(value: Any, path: str, options: ReadOptions, n_steps: int) -> Iterator[LabelDraft]:
    if options.counts_from is None:
        raise Rejected("say whether steps count from 0 or from 1 (counts_from)", field=path)
    word = word_of(value, path)
    if word is None:
        return
    try:
        number = int(word)
    except ValueError:
        raise Rejected(f"must be the number of a step, not {word[:60]!r}", field=path) from None
    position = number - options.counts_from
    # -1 says that there is none, and so does 0 where steps count from 1.
    error = None if number == -1 or position == -1 else position
    yield from first_error_labels(options.rater_or("", RaterKind.JUDGE), error, n_steps, origin=path)


def _list(value: Any, path: str) -> list[Any]:
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise Rejected("is no list in JSON", field=path) from None
    if not isinstance(value, list):
        raise Rejected(f"must be a list, not {kind_of(value)}", field=path)
    return value


def _as_text(value: Any) -> Any:
    """Numbers as they are written: an answer or an id may be one."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
