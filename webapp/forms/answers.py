"""What the labelling page sends: its lease with a form, or some answers as JSON, each located by its row."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from django.http import QueryDict
from django.utils.translation import gettext

from annotate.errors import Rejected
from annotate.ingest.fields import is_unicode
from annotate.label.answers import LONGEST_CORRECTION, LONGEST_KEY, Said
from annotate.models.label import LONGEST_VALUE
from webapp.json_body import read_json

# A page that was offline for long sends what waited in parts of this many.
MOST_ANSWERS = 200
_WHOLE = re.compile("[0-9]{1,18}")


class Lease(NamedTuple):
    """What a whole sheet is posted with."""

    token: int
    # The newest label that the page knew of; a form without it writes over whatever stands.
    seen: int | None
    # How the trace was cut when the page was made; without it, as it is now.
    boundary: int | None


def read_lease(data: QueryDict) -> Lease:
    """Three whole numbers, of which a form of Django's makes three fields each time it is posted."""
    token, seen, boundary = (_posted(data, name) for name in Lease._fields)
    if token is None or boundary == 0:
        raise _no_lease()
    return Lease(token, seen, boundary)


def _posted(data: QueryDict, name: str) -> int | None:
    said = data.get(name, "").strip()
    if not said:
        return None
    if not _WHOLE.fullmatch(said):
        raise _no_lease()
    return int(said)


def _no_lease() -> Rejected:
    return Rejected(gettext("The form came without its lease token. Reload the page."), field="token")


def read_answers(body: bytes) -> tuple[int, list[Said]]:
    """(token, answers) from the page's script: one keystroke, or all that waited while the network was away."""
    # An answer whose words cannot be kept is refused by itself, so that others with it are.
    given = read_json(body, checks_texts=False)
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
        key=_key(answer, row),
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


def _key(answer: dict[str, Any], row: int) -> str:
    key = _words(answer, "key", LONGEST_KEY, row)
    if "\x00" in key or not is_unicode(key):
        raise Rejected(gettext("must be text"), row=row, field="key")
    return key


def _words(given: dict[str, Any], field: str, longest: int, row: int) -> str:
    value = given.get(field, "")
    if not isinstance(value, str):
        raise Rejected(gettext("must be text"), row=row, field=field)
    if len(value) > longest:
        raise Rejected(
            gettext("longer than %(longest)s characters") % {"longest": longest}, row=row, field=field
        )
    return value
