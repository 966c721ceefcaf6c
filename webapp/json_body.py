"""What a request says in JSON: read once for the API and for pages, and never by an exception of Python's own.

What no table could take is refused here: a database has no NUL character and no half of a surrogate pair, no infinity
in JSON and no whole number of more than 64 bits; and what is nested without end breaks whoever walks through it later.
"""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

from django.utils.translation import gettext

from annotate.errors import Rejected
from annotate.ingest.fields import is_unicode

# Nothing that is asked for nests deeper than ten.
DEEPEST = 100


def read_json(body: bytes | str, *, checks_texts: bool = True) -> Any:
    """The value that ``body`` holds. Raises ``Rejected``, whose field is the path of what cannot be taken.

    Who looks at texts one by one, so that a bad one does not keep others back, sets ``checks_texts`` to False.
    """
    try:
        given = json.loads(body, parse_constant=_no_constant)
    except ValueError:
        # Of an encoding, too, and of a number with more digits than Python reads.
        raise Rejected(gettext("The request is not JSON."), field="body") from None
    except RecursionError:
        raise _too_deep() from None
    _check(given, checks_texts)
    return given


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _too_deep() -> Rejected:
    return Rejected(gettext("is nested deeper than %(deepest)s") % {"deepest": DEEPEST}, field="body")


def _check(given: Any, checks_texts: bool) -> None:
    # Without recursion, level by level; a path is put together where it is told.
    level: list[tuple[Any, Any]] = [(given, None)]
    for _ in range(DEEPEST):
        below: list[tuple[Any, Any]] = []
        for value, place in level:
            if isinstance(value, dict):
                for name, inner in value.items():
                    if checks_texts:
                        _check_text(name, place)
                    below.append((inner, (place, name)))
            elif isinstance(value, list):
                below.extend((inner, (place, i)) for i, inner in enumerate(value))
            elif isinstance(value, str):
                if checks_texts:
                    _check_text(value, place)
            elif isinstance(value, float) and not math.isfinite(value):
                raise Rejected(gettext("is larger than any number"), field=_path(place))
            elif isinstance(value, int) and not -(2**63) <= value < 2**63:
                raise Rejected(gettext("has more than 64 bits"), field=_path(place))
        if not below:
            return
        level = below
    raise _too_deep()


def _check_text(text: str, place: Any) -> None:
    if "\x00" in text:
        raise Rejected(gettext("contains a NUL character"), field=_path(place))
    if not is_unicode(text):
        raise Rejected(gettext("contains half a character, which no encoding has"), field=_path(place))


def _path(place: Any) -> str:
    names: list[str] = []
    while place is not None:
        place, name = place
        names.append(f"[{name}]" if isinstance(name, int) else f".{name}")
    return "".join(reversed(names)).removeprefix(".") or "body"
