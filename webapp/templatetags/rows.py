"""The steps of a labelling page, and their places in its map, quickly.

Most rows of a page differ in a number and in what the model wrote. Such a row is rendered once for a rubric version
that cannot change any more (of one that can, once for each page), with stand-ins for the numbers and the text, which
are then filled in row by row; whatever has more to it (an answer, a comment, an image, what machines say) goes through
the template.

``around`` is what steps look like besides their rows (views/label.py).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext

from .images import images
from .questions import MOST_KEPT, NUMBER, POSITION, step_text, without_line_ends
from .words import step_title

_TEXT = "\ue002"
# As in static/css/minimap.css.
TOGETHER = 50
# Before and after the text, by all that they depend on.
Kept = dict[Hashable, tuple[str, str]]
_kept: Kept = {}
Around = Mapping[str, Any]


def step_rows(around: Around, rows: Sequence[Any]) -> SafeString:
    """The steps with their questions."""
    rubric = around["project"].rubric
    version = rubric.created_at if rubric is not None and rubric.is_frozen else None
    key = ("step", version, bool(around["is_open"]), get_language())
    kept = _kept if version is not None else {}
    return mark_safe("".join([_step_row(around, row, key, kept) for row in rows]))  # noqa: S308


def _step_row(around: Around, row: Any, key: tuple[Hashable, ...], kept: Kept) -> str:
    remarks = around["talk"].at(row.step.pk)
    text, pictures = step_text(row.step, around["is_raw"]), images(row.step, around["assignment"])
    has_more = remarks or row.words or row.how_long or row.notes or row.report or pictures
    if has_more or not row.asks_the_usual:
        shown = {"row": row, "text": text, "pictures": pictures, "remarks": remarks}
        return _rendered(around, "label/step.html", **shown)
    key = (*key, *(part.criterion.pk for part in row.parts))
    if key not in kept:
        row_of_any = _stand_in(parts=[blank.standing_in(POSITION, NUMBER) for blank in row.blanks])
        _keep(kept, key, _rendered(around, "label/step.html", row=row_of_any, text=_TEXT, remarks=()))
    # The text is safe by what step_text returns, and put in last: what stands in it is not looked at again.
    before, after = kept[key]
    return f"{_placed(before, row)}{text}{_placed(after, row)}"


def map_rows(rows: Sequence[Any]) -> SafeString:
    """The steps' places in the map; so many are a list of their own as the browser draws, or leaves out, together."""
    lists = [_places(rows[start : start + TOGETHER]) for start in range(0, len(rows), TOGETHER)]
    return mark_safe("</ol><ol>".join(lists))  # noqa: S308


def _places(rows: Sequence[Any]) -> str:
    key = ("map", get_language())
    usual, _ = _kept.get(key) or _keep(
        _kept, key, _rendered({}, "label/map_row.html", row=_stand_in()) + _TEXT
    )
    return "".join([_map_row(row, usual) for row in rows])


def _map_row(row: Any, usual: str) -> str:
    if row.is_disputed or row.mark:
        words = gettext(", a machine says otherwise")
        return _rendered({}, "label/map_row.html", row=row, disputed_words=words)
    return _placed(usual, row)


def step_choices(rows: Sequence[Any]) -> SafeString:
    """The steps in a list to choose from."""
    key = ("choice", get_language())
    option = '<option value="{}">{}</option>'
    usual, _ = _kept.get(key) or _keep(_kept, key, format_html(option, POSITION, step_title(NUMBER)) + _TEXT)
    return mark_safe("".join([_placed(usual, row) for row in rows]))  # noqa: S308


def _stand_in(**more: Any) -> dict[str, Any]:
    return {"step": {"position": POSITION}, "number": NUMBER, "mark": "", **more}


def _placed(part: str, row: Any) -> str:
    position: int = row.step.position
    return part.replace(POSITION, str(position)).replace(NUMBER, str(position + 1))


def _keep(kept: Kept, key: Hashable, rendered: str) -> tuple[str, str]:
    if len(kept) >= MOST_KEPT:
        kept.clear()
    before, after = without_line_ends(rendered).split(_TEXT)
    kept[key] = before, after
    return before, after


def _rendered(around: Around, name: str, **shown: Any) -> str:
    return render_to_string(name, {**around, **shown})
