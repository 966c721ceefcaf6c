"""What the labelling page's script sends: some answers as JSON, each located by its row where it is refused."""

from __future__ import annotations

import json
from typing import Any

from django.utils.translation import gettext

from annotate.errors import Rejected
from annotate.label.answers import LONGEST_CORRECTION, LONGEST_KEY, Said
from annotate.models.label import LONGEST_VALUE

# A page that was offline for long sends what waited in parts of this many.
MOST_ANSWERS = 200


def read_answers(body: bytes) -> tuple[int, list[Said]]:
    """(token, answers) from the page's script: one keystroke, or all that waited while the network was away."""
    try:
        given = json.loads(body)
    except ValueError:
        raise Rejected(gettext("The request is not JSON."), field="body") from None
    if not isinstance(given, dict) or not isinstance(given.get("answers"), list):
        raise Rejected(gettext("The request holds no list of answers."), field="answers")
    if len(given["answers"]) > MOST_ANSWERS:
        raise Rejected(
            gettext("At most %(most_answers)s answers at once.") % {"most_answers": MOST_ANSWERS},
            field="answers",
        )
    token = _whole(given, "token", row=None)
    if token is None:
        raise Rejected(gettext("This field is required."), field="token")
    return token, [_said(answer, row) for row, answer in enumerate(given["answers"], start=1)]


def _said(answer: Any, row: int) -> Said:
    if not isinstance(answer, dict):
        raise Rejected(gettext("An answer is an object."), row=row, field="answers")
    criterion = _whole(answer, "criterion", row=row)
    if criterion is None:
        raise Rejected(gettext("This field is required."), row=row, field="criterion")
    seconds = answer.get("seconds")
    if seconds is not None and (isinstance(seconds, bool) or not isinstance(seconds, int | float)):
        raise Rejected(gettext("must be a number"), row=row, field="seconds")
    return Said(
        criterion_id=criterion,
        position=_whole(answer, "position", row=row),
        value=_words(answer, "value", LONGEST_VALUE, row),
        text=_words(answer, "text", LONGEST_CORRECTION, row),
        seconds=seconds,
        is_cleared=answer.get("is_cleared") is True,
        is_filled=answer.get("is_filled") is True,
        key=_words(answer, "key", LONGEST_KEY, row),
        seen=_whole(answer, "seen", row=row),
        candidate=_whole(answer, "candidate", row=row),
        boundary=_whole(answer, "boundary", row=row),
    )


def _whole(given: dict[str, Any], field: str, *, row: int | None) -> int | None:
    value = given.get(field)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**63:
        raise Rejected(gettext("must be a whole number from 0"), row=row, field=field)
    return value


def _words(given: dict[str, Any], field: str, longest: int, row: int) -> str:
    value = given.get(field, "")
    if not isinstance(value, str):
        raise Rejected(gettext("must be text"), row=row, field=field)
    if len(value) > longest:
        raise Rejected(
            gettext("longer than %(longest)s characters") % {"longest": longest}, row=row, field=field
        )
    return value
