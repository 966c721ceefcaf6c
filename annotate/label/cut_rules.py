"""What becomes of an answer when its step is split, or two steps are merged (pure). The table is in docs/review.md.

Carried is what cannot be wrong about the new step; everything else leaves the place open again, with the reason said.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from annotate.enums import CHOOSING_KINDS, CriterionKind

WHICH_PART = "it is not known which part of the step this was said of"
ONE_PART = "only one of the two steps had an answer"
DIFFERENT = "the two steps were answered differently"
IN_WORDS = "words about one step are not words about another"
OF_A_TEXT = "it is about a text that was given for the step as it was"
TWO_READINGS = "the two steps were answered in two readings"
TOO_LATE = "it was on its way when the step was changed"
# Stored in English with the act, and translated where they are shown.
REASONS = (WHICH_PART, ONE_PART, DIFFERENT, IN_WORDS, OF_A_TEXT, TWO_READINGS, TOO_LATE)


@dataclass(frozen=True, slots=True)
class Asked:
    """A criterion as far as these rules care: ``scores`` of its levels by key, ``errors`` those that mark an error."""

    kind: str
    scores: Mapping[str, float | None]
    errors: Collection[str]
    stops_at_first_error: bool


@dataclass(frozen=True, slots=True)
class Fate:
    """``value`` and ``text`` of the carried answer, or with ``why`` the reason for which there is none."""

    value: str = ""
    text: str = ""
    why: str = ""

    @property
    def is_carried(self) -> bool:
        return not self.why


def when_split(asked: Asked, value: str, text: str) -> Fate:
    """Both parts of a right step are right. What else was said may be true of one part alone."""
    if asked.kind not in CHOOSING_KINDS:
        return Fate(why=IN_WORDS if asked.kind != CriterionKind.TAGS else WHICH_PART)
    known = [score for score in asked.scores.values() if score is not None]
    score = asked.scores.get(value)
    is_right = score is not None and score > 0 and score == max(known) and value not in asked.errors
    # Without a level for an error, or on a scale, the highest level says how much of something there is.
    is_about_errors = asked.kind != CriterionKind.ORDINAL and bool(asked.errors)
    return Fate(value, text) if is_right and is_about_errors else Fate(why=WHICH_PART)


def when_merged(asked: Asked, first: tuple[str, str] | None, second: tuple[str, str] | None) -> Fate:
    """The same answer to both is the answer to the whole; so is a first error in either, which stays the first.

    ``first`` and ``second`` are (value, text), None where the step had no answer.
    """
    said = [one for one in (first, second) if one is not None]
    notes = "\n\n".join(dict.fromkeys(text for _, text in said if text))
    if asked.stops_at_first_error:
        error = next((value for value, _ in said if value in asked.errors), None)
        if error is not None:
            return Fate(error, notes)
    if first is None or second is None:
        return Fate(why=ONE_PART)
    if asked.kind not in (*CHOOSING_KINDS, CriterionKind.TAGS):
        is_same = asked.kind == CriterionKind.TEXT and first == second
        return Fate(*first) if is_same else Fate(why=IN_WORDS)
    return Fate(first[0], notes) if first[0] == second[0] else Fate(why=DIFFERENT)
