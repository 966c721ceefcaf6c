"""An answer on its way in, and what became of it (no database here)."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass

from django.utils.translation import gettext

from annotate.enums import WORDING_KINDS, CriterionKind
from annotate.errors import Rejected
from annotate.ingest.fields import is_unicode
from annotate.ingest.rankings import tidy_ranking
from annotate.ingest.tags import tidy_tags
from annotate.models import Criterion

from .completeness import Place

LONGEST_TEXT = 20_000
# A step rewritten may be as long as a step.
LONGEST_CORRECTION = 200_000
LONGEST_KEY = 40


# Criterion, step position and candidate: at most one of the two; neither is the trace as a whole.
Spot = tuple[int, int | None, int | None]


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody says at one place: an answer, or with ``is_cleared`` that an answer is taken back.

    ``is_filled``: nobody looked at this place by itself; an error further on filled it in, which the label's evidence
    says. ``key`` names this saying and no other, so that one sent twice is written once. ``seen`` is the id of the
    newest label of the assignment that its sender knew of (0: none): whatever was written at this place after it, by
    another window, is not overwritten unseen. None writes over whatever stands.
    """

    criterion_id: int
    position: int | None
    value: str = ""
    text: str = ""
    seconds: float | None = None
    is_cleared: bool = False
    is_filled: bool = False
    key: str = ""
    seen: int | None = None
    # The text that is rated, and then no position.
    candidate: int | None = None
    # How the trace was cut on the sender's page; None: as it is now.
    boundary: int | None = None
    # The step itself, from callers who hold its row: an answer is not written where another one stands by now.
    step: int | None = None

    @property
    def place(self) -> Place:
        return self.criterion_id, self.position

    @property
    def spot(self) -> Spot:
        return self.criterion_id, self.position, self.candidate


@dataclass(frozen=True, slots=True)
class Written:
    """What became of one :class:`Said`: the label that stands for it, or why there is none.

    ``label_id`` is None where there was nothing to take back. In a ``conflict`` nothing was written: ``label_id``,
    ``value`` and ``text`` are then what stands there instead (all empty, if that was a taking back).
    """

    label_id: int | None = None
    is_conflict: bool = False
    value: str = ""
    text: str = ""
    refusal: Rejected | None = None


def clean_answer(
    criterion: Criterion,
    value: str,
    text: str,
    step_body: Callable[[], str] | None,
    alternatives: Collection[int] = (),
) -> tuple[str, str]:
    """Level keys in order and text without edges, if the criterion takes them; raises Rejected.

    ``step_body`` gives the text of the step that is spoken of, None for the trace as a whole; only corrections ask.
    ``alternatives`` are the positions that a pick may name; without one it is a continuation in one's own words.
    """
    # Forms send CRLF. A step rewritten may begin with an indentation that means something.
    text = text.replace("\r\n", "\n")
    is_correction = criterion.kind == CriterionKind.CORRECTION
    text = text.strip("\n").rstrip() if is_correction else text.strip()
    longest = LONGEST_CORRECTION if is_correction else LONGEST_TEXT
    if len(text) > longest:
        raise Rejected(
            gettext("The text is longer than %(longest)s characters.") % {"longest": longest}, field="text"
        )
    if "\x00" in text:
        raise Rejected(gettext("The text contains a NUL character."), field="text")
    if not is_unicode(text):
        raise Rejected(gettext("The text contains half a character, which no encoding has."), field="text")
    if criterion.kind in WORDING_KINDS:
        if value or not text:
            raise Rejected(
                gettext("%(criterion)s is answered in words.") % {"criterion": criterion}, field="text"
            )
        if is_correction and step_body is not None and text.strip() == step_body().strip():
            raise Rejected(
                gettext("%(criterion)s says what the step says; change it, or leave it out.")
                % {"criterion": criterion},
                field="text",
            )
        return "", text
    if criterion.kind == CriterionKind.PICK:
        if not value and not text:
            raise Rejected(
                gettext("%(criterion)s: pick one, or write your own.") % {"criterion": criterion},
                field="value",
            )
        if value and (not value.isdecimal() or int(value) not in alternatives):
            raise Rejected(
                gettext("%(criterion)s: the step has no alternative %(value)s.")
                % {"criterion": criterion, "value": value},
                field="value",
            )
        return value, text
    known = {level.key for level in criterion.levels.all()}
    if criterion.kind == CriterionKind.TAGS:
        return tidy_tags(value, known, criterion.severities), text
    if value not in known:
        raise Rejected(
            gettext("%(criterion)s has no level %(value)s.")
            % {"criterion": criterion, "value": f"{value!r}"},
            field="value",
        )
    return value, text


def clean_compared(criterion: Criterion, value: str, text: str, size: int) -> tuple[str, str]:
    """As :func:`clean_answer`, about a pair or a lineup of ``size``: an order has no levels, and may have a reason."""
    if criterion.kind != CriterionKind.RANKING:
        return clean_answer(criterion, value, text, None)
    # What brings the rules that words keep to, wherever they stand.
    words = Criterion(kind=CriterionKind.TEXT, title=gettext("The text"))
    _, text = clean_answer(words, "", text, None) if text.strip() else ("", "")
    return tidy_ranking(value, size), text


def clean_seconds(seconds: float | None) -> float | None:
    if seconds is None:
        return None
    if not math.isfinite(seconds) or seconds < 0:
        raise Rejected(gettext("Seconds spent must be a number from 0."), field="seconds")
    return round(seconds, 1)
