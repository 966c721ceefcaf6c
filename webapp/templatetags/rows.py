"""``{% load rows %}``: the steps of a labelling page, and their places in its map, quickly.

Most rows of a page differ in a number and in what the model wrote. Such a row is rendered once for a rubric version
that cannot change any more, with stand-ins for the numbers and the text, which are then filled in row by row; whatever
has more to it (an answer, a comment, an image, what machines say) goes through the template.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from django import template
from django.template.context import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from .images import images
from .questions import MOST_KEPT, NUMBER, POSITION, step_text, without_line_ends
from .words import step_title

register = template.Library()

_TEXT = "\ue002"
# Before and after the text, by all that they depend on.
_kept: dict[Hashable, tuple[str, str]] = {}


@register.simple_tag(takes_context=True)
def step_row(context: Context, row: Any) -> SafeString:
    """A step with its questions."""
    remarks = context["talk"].at(row.step.pk)
    text, pictures = step_text(row.step, context["is_raw"]), images(row.step, context["assignment"])
    rubric = context["project"].rubric
    has_more = remarks or row.words or row.how_long or row.notes or row.report or pictures
    if has_more or not row.asks_the_usual or rubric is None or not rubric.is_frozen:
        shown = {"row": row, "text": text, "pictures": pictures, "remarks": remarks}
        return _rendered(context, "label/step.html", **shown)
    asked = tuple(part.criterion.pk for part in row.blanks)
    key = ("step", rubric.created_at, asked, bool(context["is_open"]), get_language())
    if key not in _kept:
        blanks = [blank.standing_in(POSITION, NUMBER) for blank in row.blanks]
        _keep(key, _rendered(context, "label/step.html", row=_stand_in(parts=blanks), text=_TEXT, remarks=()))
    # The text is safe by what step_text returns, and put in last: what stands in it is not looked at again.
    before, after = (_placed(part, row) for part in _kept[key])
    return mark_safe(f"{before}{text}{after}")  # noqa: S308


@register.simple_tag(takes_context=True)
def map_row(context: Context, row: Any) -> SafeString:
    """A step's place in the map."""
    if row.is_disputed or row.mark:
        return _rendered(context, "label/map_row.html", row=row)
    key = ("map", get_language())
    if key not in _kept:
        _keep(key, _rendered(context, "label/map_row.html", row=_stand_in()) + _TEXT)
    return mark_safe(_placed(_kept[key][0], row))  # noqa: S308


@register.simple_tag
def step_choice(row: Any) -> SafeString:
    """A step in a list to choose from."""
    return format_html('<option value="{}">{}</option>', row.step.position, step_title(row.number))


def _stand_in(**more: Any) -> dict[str, Any]:
    return {"step": {"position": POSITION}, "number": NUMBER, "mark": "", **more}


def _placed(part: str, row: Any) -> str:
    return part.replace(POSITION, str(row.step.position)).replace(NUMBER, str(row.number))


def _keep(key: Hashable, rendered: str) -> None:
    if len(_kept) >= MOST_KEPT:
        _kept.clear()
    before, after = without_line_ends(rendered).split(_TEXT)
    _kept[key] = before, after


def _rendered(context: Context, name: str, **shown: Any) -> SafeString:
    assert context.template is not None
    found = context.template.engine.get_template(name)
    with context.push(**shown):
        return found.render(context)
