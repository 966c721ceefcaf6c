"""The labelling page of an ordinary trace: a frame that is kept, and what goes into its holes.

Most of a page says the same about every trace. The template ``label/sheet.html`` is rendered once for each
:class:`Frame`, with a mark wherever something of the trace or of the person goes, and those are put in page by page:
300 Python calls instead of 9,000. A frame is rendered from its own fields, its rubric version and nothing else. What is
kept can therefore hold nothing that is anybody's: a variable that the template takes from elsewhere is empty in it.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from django.contrib.messages import get_messages
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.utils.html import conditional_escape
from django.utils.translation import get_language

from annotate.enums import AssignmentState
from annotate.label.threads import Talk

MOST_FRAMES = 200
# What the view has made of the trace already, under the names that the template knows it by.
_PARTS = ("map", "steps", "choices", "references", "problem_text", "problem_pictures", "problem_opening")
_VALUES = ("csrf", "who", "title", "token", "seen", "boundary", "submitted", "left", "n_rows")
# Texts that come back out of the template where they went in; nobody who names a project or writes a rubric can guess
# them. An address takes nothing but a number.
_MARKS = {name: f"hole{secrets.token_hex(12)}" for name in (*_PARTS, *_VALUES, "whole_questions")}
_MARKS["pk"] = str(10**29 + secrets.randbelow(10**29))
_NAMES = {mark: name for name, mark in _MARKS.items()}
_ANY_MARK = re.compile(f"({'|'.join(_NAMES)})")


@dataclass(frozen=True, slots=True)
class Frame:
    """What the page of an open trace looks like, besides what goes into its holes."""

    slug: str
    project: str
    rubric: int
    frozen: datetime
    keys: str
    has_shortcuts: bool
    theme: str
    contrast: str
    density: str
    language: str | None
    needs_math: bool
    has_whole: bool


# Pieces of a page: in turn text, and the name of a hole.
_kept: dict[Frame, list[str]] = {}


def page_from_frame(request: HttpRequest, shown: Mapping[str, Any]) -> str | None:
    """What ``label/sheet.html`` makes of ``shown``; None where it has more to it than a frame has holes for."""
    if not _is_ordinary(request, shown):
        return None
    frame = _frame_of(request.user, shown)
    pieces = _kept.get(frame)
    if pieces is None:
        pieces = [_NAMES.get(piece, piece) for piece in _ANY_MARK.split(_rendered(frame, shown))]
        if len(_kept) >= MOST_FRAMES:
            _kept.clear()
        _kept[frame] = pieces
    filling = _filling(request, shown)
    page = pieces[:]
    page[1::2] = [filling[name] for name in pieces[1::2]]
    return "".join(page)


def _is_ordinary(request: HttpRequest, shown: Mapping[str, Any]) -> bool:
    """Open, not long, under a version that cannot change any more, and nothing to say that this one page says."""
    rubric = shown["project"].rubric
    if rubric is None or not rubric.is_frozen or not shown["is_open"] or shown["is_long"] or shown["is_raw"]:
        return False
    if request.user.n_unread:  # type: ignore[union-attr]
        return False
    return not (shown["missing"] or shown["is_revealed"] or shown["talk"].n or len(get_messages(request)))


def _frame_of(user: Any, shown: Mapping[str, Any]) -> Frame:
    project = shown["project"]
    return Frame(
        slug=project.slug,
        project=project.name,
        rubric=project.rubric.pk,
        frozen=project.rubric.created_at,
        keys=shown["keys_json"],
        has_shortcuts=user.has_shortcuts,
        theme=user.theme,
        contrast=user.contrast,
        density=user.density,
        language=get_language(),
        needs_math=shown["needs_math"],
        has_whole=bool(shown["whole"]),
    )


def _rendered(frame: Frame, shown: Mapping[str, Any]) -> str:
    """Of ``shown`` it takes what is the rubric version's, the keys' or the program's."""
    mark = SimpleNamespace(**_MARKS)
    user = SimpleNamespace(
        is_authenticated=True,
        shown_name=mark.who,
        has_shortcuts=frame.has_shortcuts,
        theme=frame.theme,
        contrast=frame.contrast,
        density=frame.density,
    )
    trace = SimpleNamespace(external_id=mark.title)
    state = AssignmentState.HELD.value
    rubric, criteria = shown["project"].rubric, shown["sheet"].criteria
    return render_to_string(
        "label/sheet.html",
        {
            **{name: _MARKS[name] for name in _PARTS},
            "user": user,
            "assignment": SimpleNamespace(pk=mark.pk, token=mark.token, state=state, trace=trace),
            "project": SimpleNamespace(slug=frame.slug, name=frame.project, rubric=rubric),
            "sheet": SimpleNamespace(criteria=criteria, seen=mark.seen, boundary=mark.boundary),
            "queue": SimpleNamespace(n_submitted_by_you=mark.submitted, n_claimable=mark.left),
            "csrf_token": mark.csrf,
            "n_rows": mark.n_rows,
            "n_first": mark.n_rows,
            "whole": frame.has_whole,
            "whole_questions": mark.whole_questions,
            "keys_json": frame.keys,
            "shortcuts": shown["shortcuts"],
            "faults": shown["faults"],
            "needs_math": frame.needs_math,
            "is_open": True,
            "talk": Talk(),
        },
    )


def _filling(request: HttpRequest, shown: Mapping[str, Any]) -> dict[str, str]:
    assignment, sheet, queue = shown["assignment"], shown["sheet"], shown["queue"]
    return {
        **{name: conditional_escape(shown[name]) for name in (*_PARTS, "whole_questions")},
        "csrf": get_token(request),
        "who": conditional_escape(request.user.shown_name),  # type: ignore[union-attr]
        "title": conditional_escape(assignment.trace.external_id),
        "pk": str(assignment.pk),
        "token": str(assignment.token),
        "seen": str(sheet.seen),
        "boundary": str(sheet.boundary),
        "submitted": str(queue.n_submitted_by_you),
        "left": conditional_escape(str(queue.n_claimable)),
        "n_rows": str(shown["n_rows"]),
    }
