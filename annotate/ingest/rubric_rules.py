"""What a rubric must keep to before it is written: every breach at once, each with its place. Reads and writes nothing.

The page, the API, the presets and the copies all pass through here, so that no rubric exists that cannot be answered.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext

from annotate.enums import (
    CHOOSING_KINDS,
    WITHOUT_LEVELS,
    WORDING_KINDS,
    CandidateKind,
    CriterionKind,
    Scope,
    Verdict,
)
from annotate.errors import Rejected
from annotate.ingest.presets.contracts import CriterionPreset, LevelPreset
from annotate.models.label import LONGEST_VALUE
from annotate.wording import mid

# What the labelling page does with these keys itself. Digits are the levels' own.
PAGE_KEYS = frozenset("jkmfecnbuso/?")
_SLUG = re.compile(r"[-a-zA-Z0-9_]+")
_LONGEST = {"key": 60, "title": 120, "level key": 40, "level title": 80, "severity": 20}


@dataclass(frozen=True, slots=True)
class Problem:
    """``criterion`` and ``level`` count from 0; ``field`` is the name of the field in the preset."""

    criterion: int | None
    level: int | None
    field: str
    reason: str

    @property
    def path(self) -> str:
        """``criteria[1].levels[0].hotkey``"""
        if self.criterion is None:
            return self.field
        level = "" if self.level is None else f".levels[{self.level}]"
        return f"criteria[{self.criterion}]{level}.{self.field}"


def check_criteria(criteria: Sequence[CriterionPreset]) -> None:
    """Raises Rejected with the first problem."""
    for problem in problems_in(criteria):
        raise Rejected(problem.reason, field=problem.path)


def problems_in(criteria: Sequence[CriterionPreset]) -> list[Problem]:
    """Every problem, question by question. ``reason`` names the question."""
    found: list[Problem] = []
    before: dict[str, CriterionPreset] = {}
    for index, one in enumerate(criteria):
        about = _About(
            index, one.title.strip() or one.key or gettext("question %(index)s") % {"index": index + 1}
        )
        found += _own_problems(about, one)
        if one.key in before:
            found.append(
                about.says(
                    "key", gettext("there is a question with the key %(key)s already") % {"key": one.key}
                )
            )
        found += _condition_problems(about, one, before, criteria)
        found += _parent_problems(about, one, before, criteria)
        for place, level in enumerate(one.levels):
            found += _level_problems(_About(index, about.title, place, level.title or level.key), one, level)
        found += _clashes(about, one)
        before[one.key] = one
    return found + list(_group_problems(criteria))


@dataclass(frozen=True, slots=True)
class _About:
    """The question, or the level of it, that is being looked at."""

    criterion: int
    title: str
    level: int | None = None
    level_title: str = ""

    def says(self, field: str, reason: str) -> Problem:
        named = (
            gettext("%(title)s, level %(level_title)s")
            % {"title": self.title, "level_title": self.level_title}
            if self.level_title
            else self.title
        )
        return Problem(self.criterion, self.level, field, ": ".join((named, f"{reason}.")))


def is_error(level: LevelPreset) -> bool:
    """Whether choosing it marks an error, which ends a first-error criterion."""
    return level.key == Verdict.BAD or (level.score is not None and level.score < 0)


def _own_problems(about: _About, one: CriterionPreset) -> Iterator[Problem]:
    yield from _word_problems(about, "key", one.key, _LONGEST["key"], is_slug=True)
    yield from _word_problems(about, "title", one.title, _LONGEST["title"])
    if not math.isfinite(one.weight) or one.weight < 0:
        yield about.says("weight", gettext("a weight is a number from 0"))
    is_without_levels = one.kind in (*WORDING_KINDS, *WITHOUT_LEVELS)
    if is_without_levels and one.levels:
        yield about.says(
            "levels", gettext("a %(kind)s has no levels to choose from") % {"kind": mid(one.kind.label)}
        )
    if not is_without_levels and not one.levels:
        yield about.says("levels", gettext("it needs at least one level to choose"))
    if one.kind == CriterionKind.CORRECTION and one.scope != Scope.STEP:
        yield about.says("scope", gettext("only a step can be rewritten"))
    if one.kind == CriterionKind.PICK and one.scope != Scope.STEP:
        yield about.says("scope", gettext("one picks among the alternatives of a step"))
    if one.kind == CriterionKind.RANKING and one.scope != Scope.LINEUP:
        yield about.says("scope", gettext("what is put in order is a lineup"))
    if one.scope == Scope.LINEUP and one.kind not in (CriterionKind.RANKING, CriterionKind.TEXT):
        yield about.says("kind", gettext("a lineup is put in order, or spoken of in words"))
    if one.scope == Scope.CANDIDATE and one.candidate_kind not in CandidateKind.values:
        yield about.says("candidate_kind", gettext("say whether it is about alternatives or critiques"))
    if one.scope != Scope.CANDIDATE and one.candidate_kind:
        yield about.says("candidate_kind", gettext("only questions about candidates have this"))
    if one.kind == CriterionKind.GROUP and one.scope != Scope.TRACE:
        yield about.says("scope", gettext("a group gathers questions about the trace"))
    if one.step_kinds and one.scope != Scope.STEP:
        yield about.says("step_kinds", gettext("only steps have kinds"))
    yield from _severity_problems(about, one)
    yield from _first_error_problems(about, one)


def _word_problems(
    about: _About, field: str, word: str, longest: int, *, is_slug: bool = False
) -> Iterator[Problem]:
    if not word.strip():
        yield about.says(field, gettext("the %(field)s is empty") % {"field": field})
    elif len(word) > longest:
        yield about.says(
            field,
            gettext("the %(field)s has at most %(longest)s characters")
            % {"field": field, "longest": longest},
        )
    elif is_slug and not _SLUG.fullmatch(word):
        yield about.says(
            field, gettext("the %(field)s is made of letters, digits, - and _") % {"field": field}
        )


def _severity_problems(about: _About, one: CriterionPreset) -> Iterator[Problem]:
    if one.severities and one.kind != CriterionKind.TAGS:
        yield about.says("severities", gettext("only tags have severities"))
    if len(set(one.severities)) < len(one.severities):
        yield about.says("severities", gettext("a severity is there twice"))
    for severity in one.severities:
        if not _SLUG.fullmatch(severity) or len(severity) > _LONGEST["severity"]:
            yield about.says(
                "severities",
                gettext("%(severity)s is not one short word of letters, digits, - and _")
                % {"severity": f"{severity!r}"},
            )
    if one.kind == CriterionKind.TAGS:
        longest = max((len(severity) + 1 for severity in one.severities), default=0)
        together = sum(len(level.key) + longest + 1 for level in one.levels) - 1
        if together > LONGEST_VALUE:
            yield about.says(
                "levels",
                gettext(
                    "all tags together take %(together)s characters, and an answer holds %(longest_value)s"
                )
                % {"together": together, "longest_value": LONGEST_VALUE},
            )


def _first_error_problems(about: _About, one: CriterionPreset) -> Iterator[Problem]:
    for field, wanted in (
        ("stops_at_first_error", one.stops_at_first_error),
        ("fills_before_error", one.fills_before_error),
    ):
        if wanted and (one.scope != Scope.STEP or one.kind not in CHOOSING_KINDS):
            yield about.says(field, gettext("a first error is looked for among steps, by choosing one level"))
        elif wanted and not any(map(is_error, one.levels)):
            yield about.says(field, gettext("no level marks an error (a score below 0, or the key bad)"))
    if one.fills_before_error and not any((level.score or 0) > 0 for level in one.levels):
        yield about.says(
            "fills_before_error", gettext("no level has a score above 0 that earlier steps could be given")
        )


def _condition_problems(
    about: _About,
    one: CriterionPreset,
    before: Mapping[str, CriterionPreset],
    criteria: Sequence[CriterionPreset],
) -> Iterator[Problem]:
    if not one.condition:
        if one.condition_levels:
            yield about.says("condition", gettext("it names answers and not the question they belong to"))
        return
    asked = before.get(one.condition)
    if asked is None:
        is_later = any(other.key == one.condition for other in criteria)
        yield about.says(
            "condition",
            gettext("%(condition)s comes after it; a question can depend on an earlier one alone")
            % {"condition": one.condition}
            if is_later
            else gettext("there is no question with the key %(condition)s") % {"condition": one.condition},
        )
        return
    if asked.scope not in _REACHES[one.scope]:
        yield about.says(
            "condition",
            gettext("%(asked)s is asked about a %(scope)s, this about a %(scope_)s")
            % {"asked": asked.title, "scope": asked.scope, "scope_": one.scope},
        )
    if one.is_asked and not asked.is_asked:
        yield about.says(
            "condition",
            gettext("%(asked)s is not put to people, so nobody could come to this one")
            % {"asked": asked.title},
        )
    unknown = sorted(set(one.condition_levels) - {level.key for level in asked.levels})
    if unknown:
        yield about.says(
            "condition_levels",
            gettext("%(asked)s has no level %(unknown)s")
            % {"asked": asked.title, "unknown": ", ".join(unknown)},
        )
    if not one.condition_levels:
        yield about.says(
            "condition_levels", gettext("say which answers to %(asked)s lead to it") % {"asked": asked.title}
        )


# Whose answers are at hand where a question of this scope is asked: those of the same place, and about the trace.
_REACHES: Mapping[Scope, tuple[Scope, ...]] = {
    Scope.STEP: (Scope.STEP, Scope.TRACE),
    Scope.TRACE: (Scope.TRACE,),
    Scope.PAIR: (Scope.PAIR,),
    Scope.LINEUP: (),
    Scope.CANDIDATE: (Scope.STEP, Scope.TRACE),
}


def _parent_problems(
    about: _About,
    one: CriterionPreset,
    before: Mapping[str, CriterionPreset],
    criteria: Sequence[CriterionPreset],
) -> Iterator[Problem]:
    if not one.parent:
        return
    group = before.get(one.parent)
    if group is None:
        is_later = any(other.key == one.parent for other in criteria)
        yield about.says(
            "parent",
            gettext("the group %(parent)s comes after it; put the group first") % {"parent": one.parent}
            if is_later
            else gettext("there is no group with the key %(parent)s") % {"parent": one.parent},
        )
    elif group.kind != CriterionKind.GROUP:
        yield about.says(
            "parent", gettext("%(group)s is a question and not a group") % {"group": group.title}
        )
    elif one.scope != Scope.TRACE or one.kind not in (*CHOOSING_KINDS, CriterionKind.GROUP):
        yield about.says(
            "parent", gettext("a group averages questions about the trace that one level answers")
        )


def _level_problems(about: _About, one: CriterionPreset, level: LevelPreset) -> Iterator[Problem]:
    yield from _word_problems(about, "key", level.key, _LONGEST["level key"], is_slug=True)
    yield from _word_problems(about, "title", level.title, _LONGEST["level title"])
    if level.score is not None and not math.isfinite(level.score):
        yield about.says("score", gettext("a score is a number, or left out"))
    key = level.hotkey
    if key and (len(key) != 1 or not "!" <= key <= "~" or key != key.lower()):
        yield about.says(
            "hotkey", gettext("%(key)s is not one small letter, digit or sign") % {"key": f"{key!r}"}
        )
    elif key in PAGE_KEYS:
        yield about.says("hotkey", gettext("the labelling page uses the key %(key)s itself") % {"key": key})
    for field, is_set in (("ends_trace", level.ends_trace), ("is_fatal", level.is_fatal)):
        if is_set and (one.scope != Scope.TRACE or one.kind not in CHOOSING_KINDS):
            yield about.says(
                field, gettext("this belongs to a level about the trace, of which one is chosen")
            )


def _clashes(about: _About, one: CriterionPreset) -> Iterator[Problem]:
    for field in ("key", "hotkey"):
        seen: dict[str, str] = {}
        for place, level in enumerate(one.levels):
            word = getattr(level, field)
            if word and word in seen:
                reason = gettext("%(word)s is taken by the level %(word_)s") % {
                    "word": word,
                    "word_": seen[word],
                }
                yield _About(about.criterion, about.title, place, level.title).says(field, reason)
            seen.setdefault(word, level.title or level.key)


def _group_problems(criteria: Sequence[CriterionPreset]) -> Iterator[Problem]:
    for index, group in enumerate(criteria):
        if group.kind != CriterionKind.GROUP:
            continue
        about = _About(index, group.title or group.key)
        children = [one for one in criteria if one.parent == group.key]
        if not children:
            yield about.says("key", gettext("no question belongs to this group"))
        if children and not any(one.weight > 0 for one in children):
            yield about.says("weight", gettext("the questions of a group cannot all weigh nothing"))
        ranges = {range_of(one): one for one in children if one.kind in CHOOSING_KINDS}
        if len(ranges) > 1:
            yield about.says(
                "key",
                gettext("scores of different ranges cannot be averaged: ")
                + "; ".join(f"{one.title} {_shown(at)}" for at, one in ranges.items()),
            )


def range_of(one: CriterionPreset) -> tuple[float, float] | None:
    """The lowest and highest score of its levels; None where no level has one."""
    scores = [level.score for level in one.levels if level.score is not None]
    return (min(scores), max(scores)) if scores else None


def _shown(at: tuple[float, float] | None) -> str:
    if not at:
        return gettext("has no scores")
    return gettext("from %(low)s to %(high)s") % {"low": f"{at[0]:g}", "high": f"{at[1]:g}"}
