"""The builder's form: a rubric as rows of plain fields, changed by its buttons, kept by nobody until it is saved.

Every field comes back with every button, so that the page works without a script. What was typed is kept as it was
typed; :meth:`RubricSheet.presets` turns it into questions and says which fields cannot be read.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict
from django.utils.text import slugify
from django.utils.translation import gettext

from annotate.enums import WORDING_KINDS, CriterionKind, Scope, StepKind
from annotate.errors import Rejected
from annotate.ingest.presets import CriterionPreset, LevelPreset
from annotate.ingest.rubric_rules import Problem, problems_in

MOST_QUESTIONS, MOST_LEVELS = 200, 60
LEVEL_WORDS = ("key", "title", "description", "hotkey", "score", "examples")
LEVEL_FLAGS = ("needs_text", "ends_trace", "is_fatal")
WORDS = ("key", "title", "description", "scope", "kind", "weight", "parent", "severities", "candidate_kind")
FLAGS = ("is_asked", "is_optional", "stops_at_first_error", "fills_before_error")


@dataclass(slots=True)
class LevelRow:
    """What stands in the fields of one level."""

    words: dict[str, str] = field(default_factory=lambda: dict.fromkeys(LEVEL_WORDS, ""))
    flags: set[str] = field(default_factory=set)


@dataclass(slots=True)
class QuestionRow:
    """What stands in the fields of one question. ``when`` holds ``question=level`` for each answer that leads to it."""

    words: dict[str, str] = field(default_factory=dict)
    flags: set[str] = field(default_factory=set)
    kinds: list[str] = field(default_factory=list)
    when: list[str] = field(default_factory=list)
    levels: list[LevelRow] = field(default_factory=list)


def new_question() -> QuestionRow:
    return QuestionRow(
        words=dict.fromkeys(WORDS, "") | {"scope": Scope.STEP, "kind": CriterionKind.CHOICE, "weight": "1"},
        flags={"is_asked"},
        levels=[LevelRow(), LevelRow()],
    )


@dataclass(slots=True)
class RubricSheet:
    """A rubric on the builder's page. ``place`` is the question that the last button was about."""

    rows: list[QuestionRow]
    guidelines: str
    place: int | None = None

    @classmethod
    def of(cls, criteria: Sequence[CriterionPreset], guidelines: str) -> RubricSheet:
        return cls([_row_of(one) for one in criteria], guidelines)

    @classmethod
    def posted(cls, data: QueryDict) -> RubricSheet:
        """Raises Rejected when the form names more questions or levels than anybody could answer."""
        n = _count(data, "n", MOST_QUESTIONS)
        rows = [_posted_row(data, f"c{index}") for index in range(n)]
        return cls(rows, data.get("guidelines", "").replace("\r\n", "\n"))

    def press(self, button: str) -> None:
        """Do what a button says: ``add``, ``up-2``, ``remove-2``, ``level-add-2``, ``level-down-2-0``."""
        name, _, place = button.rpartition("-") if not button.isalpha() else (button, "", "")
        if name == "add":
            self.rows.append(new_question())
            self.place = len(self.rows) - 1
        elif name in _MOVES and _is_in(place, self.rows):
            self.place = _MOVES[name](self.rows, int(place))
        elif name == "level-add" and _is_in(place, self.rows):
            self.place = int(place)
            self.rows[self.place].levels.append(LevelRow())
        elif name.startswith("level-"):
            verb, _, question = name.removeprefix("level-").rpartition("-")
            if verb in _MOVES and _is_in(question, self.rows):
                self.place = int(question)
                if _is_in(place, levels := self.rows[self.place].levels):
                    _MOVES[verb](levels, int(place))

    def presets(self) -> tuple[list[CriterionPreset], list[Problem]]:
        """The questions as far as they can be read, and everything that is wrong. Drops levels that nobody wrote in."""
        problems: list[Problem] = []
        for row in self.rows:
            row.levels = [level for level in row.levels if any(level.words.values())]
        criteria = [_preset(row, index, problems) for index, row in enumerate(self.rows)]
        if not criteria:
            problems.append(Problem(None, None, "criteria", gettext("A rubric asks at least one question.")))
        return criteria, problems + problems_in(criteria)


def _up(rows: list[Any], place: int) -> int:
    if place > 0:
        rows[place - 1], rows[place] = rows[place], rows[place - 1]
    return max(place - 1, 0)


def _down(rows: list[Any], place: int) -> int:
    if place < len(rows) - 1:
        rows[place + 1], rows[place] = rows[place], rows[place + 1]
    return min(place + 1, len(rows) - 1)


def _remove(rows: list[Any], place: int) -> int:
    del rows[place]
    return max(place - 1, 0)


_MOVES: dict[str, Callable[[list[Any], int], int]] = {"up": _up, "down": _down, "remove": _remove}


def _is_in(place: str, rows: Sequence[Any]) -> bool:
    return place.isdecimal() and int(place) < len(rows)


def _count(data: QueryDict, name: str, most: int) -> int:
    given = data.get(name, "")
    if not given.isdecimal() or int(given) > most:
        raise Rejected(
            gettext("The form holds up to %(most)s of these. Reload the page.") % {"most": most}, field=name
        )
    return int(given)


def _posted_row(data: QueryDict, name: str) -> QuestionRow:
    n = _count(data, f"{name}-n", MOST_LEVELS)
    return QuestionRow(
        words=_posted_words(data, name, WORDS),
        flags={flag for flag in FLAGS if f"{name}-{flag}" in data},
        kinds=data.getlist(f"{name}-step_kinds"),
        when=data.getlist(f"{name}-when"),
        levels=[
            LevelRow(
                _posted_words(data, f"{name}-l{place}", LEVEL_WORDS),
                {flag for flag in LEVEL_FLAGS if f"{name}-l{place}-{flag}" in data},
            )
            for place in range(n)
        ],
    )


def _posted_words(data: QueryDict, name: str, fields: Sequence[str]) -> dict[str, str]:
    return {word: data.get(f"{name}-{word}", "").replace("\r\n", "\n").strip() for word in fields}


def _row_of(one: CriterionPreset) -> QuestionRow:
    return QuestionRow(
        words={
            "key": one.key,
            "title": one.title,
            "description": one.description,
            "scope": one.scope,
            "kind": one.kind,
            "weight": f"{one.weight:g}",
            "parent": one.parent,
            "candidate_kind": one.candidate_kind,
            "severities": ", ".join(one.severities),
        },
        flags={flag for flag in FLAGS if getattr(one, flag)},
        kinds=list(one.step_kinds),
        when=[f"{one.condition}={level}" for level in one.condition_levels],
        levels=[_level_row_of(level) for level in one.levels],
    )


def _level_row_of(level: LevelPreset) -> LevelRow:
    score = "" if level.score is None else f"{level.score:g}"
    words = {word: getattr(level, word) for word in LEVEL_WORDS if word != "score"}
    return LevelRow(words | {"score": score}, {flag for flag in LEVEL_FLAGS if getattr(level, flag)})


def _preset(row: QuestionRow, index: int, problems: list[Problem]) -> CriterionPreset:
    words, title = row.words, row.words["title"]

    named = title or gettext("Question %(number)d") % {"number": index + 1}

    def wrong(name: str, reason: str, level: int | None = None) -> None:
        problems.append(
            Problem(
                index, level, name, gettext("%(named)s: %(reason)s.") % {"named": named, "reason": reason}
            )
        )

    questions = {when.partition("=")[0] for when in row.when}
    if len(questions) > 1:
        wrong("condition", gettext("it can depend on one question, and answers of several are ticked"))
    if words["scope"] not in Scope.values or words["kind"] not in CriterionKind.values:
        wrong("kind", gettext("choose what it is about and how it is answered"))
    return CriterionPreset(
        key=words["key"] or slugify(title)[:60],
        title=title,
        description=words["description"],
        levels=tuple(_level(level, place, wrong) for place, level in enumerate(row.levels)),
        scope=Scope(words["scope"]) if words["scope"] in Scope.values else Scope.STEP,
        kind=CriterionKind(words["kind"]) if words["kind"] in CriterionKind.values else CriterionKind.CHOICE,
        weight=_number(words["weight"], lambda: wrong("weight", gettext("the weight is not a number")))
        or 0.0,
        parent=words["parent"],
        candidate_kind=words["candidate_kind"] if words["scope"] == Scope.CANDIDATE else "",
        severities=tuple(words["severities"].replace(",", " ").split()),
        step_kinds=tuple(StepKind(kind) for kind in row.kinds if kind in StepKind.values),
        condition=next(iter(sorted(questions)), ""),
        condition_levels=tuple(when.partition("=")[2] for when in row.when),
        is_asked="is_asked" in row.flags,
        is_optional="is_optional" in row.flags,
        stops_at_first_error="stops_at_first_error" in row.flags,
        fills_before_error="fills_before_error" in row.flags,
    )


def _level(level: LevelRow, place: int, wrong: Callable[[str, str, int | None], None]) -> LevelPreset:
    words = level.words
    name = words["title"] or gettext("level %(place)s") % {"place": place + 1}
    return LevelPreset(
        key=words["key"] or slugify(words["title"])[:40],
        title=words["title"],
        description=words["description"],
        hotkey=words["hotkey"],
        score=_number(
            words["score"],
            lambda: wrong("score", gettext("the score of %(name)s is not a number") % {"name": name}, place),
        ),
        needs_text="needs_text" in level.flags,
        ends_trace="ends_trace" in level.flags,
        is_fatal="is_fatal" in level.flags,
        examples=words["examples"],
    )


def _number(words: str, complain: Callable[[], None]) -> float | None:
    if not words:
        return None
    try:
        number = float(words.replace(",", ".").replace("−", "-"))
    except ValueError:
        complain()
        return None
    if not math.isfinite(number):
        complain()
        return None
    return number


@dataclass(frozen=True, slots=True)
class LevelFields:
    """One level with the names of its fields and what is wrong with them."""

    name: str
    row: LevelRow
    problems: Sequence[str]


@dataclass(frozen=True, slots=True)
class Lead:
    """An answer to an earlier question that may lead to this one."""

    value: str
    title: str
    is_ticked: bool


@dataclass(frozen=True, slots=True)
class QuestionFields:
    """One question with the names of its fields, what it may depend on, and what is wrong with it."""

    index: int
    name: str
    row: QuestionRow
    levels: Sequence[LevelFields]
    leads: Sequence[tuple[str, Sequence[Lead]]]
    groups: Sequence[tuple[str, str]]
    problems: Sequence[str]
    has_focus: bool

    @property
    def number(self) -> int:
        return self.index + 1

    @property
    def takes_levels(self) -> bool:
        return self.row.words["kind"] not in (*WORDING_KINDS, CriterionKind.GROUP, CriterionKind.PICK)


def fields_of(sheet: RubricSheet, problems: Sequence[Problem] = ()) -> list[QuestionFields]:
    """Every question as the template lays it out."""
    said: dict[tuple[int | None, int | None], list[str]] = {}
    for problem in problems:
        said.setdefault((problem.criterion, problem.level), []).append(problem.reason)
    return [
        QuestionFields(
            index=index,
            name=f"c{index}",
            row=row,
            levels=[
                LevelFields(f"c{index}-l{place}", level, said.get((index, place), ()))
                for place, level in enumerate(row.levels)
            ],
            leads=_leads(sheet.rows[:index], row),
            groups=[
                (_key(other), other.words["title"])
                for other in sheet.rows[:index]
                if other.words["kind"] == CriterionKind.GROUP
            ],
            problems=said.get((index, None), ()),
            has_focus=index == sheet.place,
        )
        for index, row in enumerate(sheet.rows)
    ]


def _leads(before: Sequence[QuestionRow], row: QuestionRow) -> list[tuple[str, Sequence[Lead]]]:
    found: list[tuple[str, Sequence[Lead]]] = []
    for other in before:
        key = _key(other)
        leads = [
            Lead(value, level.words["title"], value in row.when)
            for level in other.levels
            if level.words["title"]
            for value in [f"{key}={level.words['key'] or slugify(level.words['title'])[:40]}"]
        ]
        if leads:
            found.append((other.words["title"], leads))
    return found


def _key(row: QuestionRow) -> str:
    return row.words["key"] or slugify(row.words["title"])[:60]
