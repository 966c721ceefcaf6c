"""An answer on its way in, and what became of it (no database here)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from annotate.enums import CriterionKind
from annotate.errors import Rejected
from annotate.models import Criterion

from .completeness import Place

LONGEST_VALUE = 40
LONGEST_TEXT = 20_000
LONGEST_KEY = 40


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody says at one place: an answer, or with ``is_cleared`` that an answer is taken back.

    ``key`` names this saying and no other, so that one sent twice is written once. ``seen`` is the id of the newest
    label of the assignment that its sender knew of (0: none): whatever was written at this place after it, by
    another window, is not overwritten unseen. None writes over whatever stands.
    """

    criterion_id: int
    position: int | None
    value: str = ""
    text: str = ""
    seconds: float | None = None
    is_cleared: bool = False
    key: str = ""
    seen: int | None = None

    @property
    def place(self) -> Place:
        return self.criterion_id, self.position


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


def clean_answer(criterion: Criterion, value: str, text: str) -> tuple[str, str]:
    """Level keys in order and text without edges, if the criterion takes them; raises Rejected."""
    text = text.strip()
    if len(text) > LONGEST_TEXT:
        raise Rejected(f"The note is longer than {LONGEST_TEXT} characters.", field="text")
    if "\x00" in text:
        raise Rejected("The note contains a NUL character.", field="text")
    if criterion.kind == CriterionKind.TEXT:
        if value or not text:
            raise Rejected(f"{criterion} is answered in words.", field="text")
        return "", text
    known = {level.key for level in criterion.levels.all()}
    chosen = sorted(set(value.split())) if criterion.kind == CriterionKind.TAGS else [value]
    if not chosen or not known.issuperset(chosen):
        raise Rejected(f"{criterion} has no level {value!r}.", field="value")
    joined = " ".join(chosen)
    if len(joined) > LONGEST_VALUE:
        raise Rejected(f"Too many tags at once: {joined}.", field="value")
    return joined, text


def clean_seconds(seconds: float | None) -> float | None:
    if seconds is None:
        return None
    if not math.isfinite(seconds) or seconds < 0:
        raise Rejected("Seconds spent must be a number from 0.", field="seconds")
    return round(seconds, 1)
