"""Text that nobody vouches for, made into HTML that cannot do anything.

Markdown with raw HTML off, then an allow-list. Two departures from Markdown keep the reading true to the source: stars
inside a word or a product (``3*4*5``) are no emphasis, and single line breaks are kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import nh3
from django.utils.translation import gettext
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.rules_inline import StateInline
from markdown_it.rules_inline.state_inline import Delimiter
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

from annotate.ingest.image_entries import MISSING, shown_images

from .mathspans import use_math
from .plain import plain_html

LONGEST = 20_000
# What annotate/ingest/image_entries.py leaves in a text where an image stood.
_IMAGE_REFERENCE = re.compile(r"!\[([^\]\n]{0,2000})\]\(image:(?:[0-9a-f]{16}|missing)\)")

_BLOCKS = {"blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "ul"}
_INLINES = {"a", "br", "code", "em", "span", "strong"}
_TABLES = {"table", "tbody", "td", "th", "thead", "tr"}
_ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}, "span": {"class"}, "pre": {"class"}}
_CLASSES = re.compile(r"math(?: math-display)?|code|[a-z][a-z0-9]{0,2}")
# What a reader cannot see: controls, bidirectional overrides, zero-width and tag characters, soft hyphens.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]"
)


def typeset(text: str, meta: Mapping[str, Any] | None = None) -> str:
    """Safe HTML for one piece of reasoning. Time is linear in the text; longer than LONGEST comes back as raw.

    ``meta`` is that of the step or problem: where an image that it lists stands in the text by its address, words do.
    """
    if meta and "](" in text:
        text = _without_addresses(text, meta)
    shown = _IMAGE_REFERENCE.sub(_image_words, reveal(text))
    if len(shown) > LONGEST:
        return typeset_raw(text)
    plain = plain_html(shown)
    return parsed(shown) if plain is None else plain


def parsed(shown: str) -> str:
    """:func:`typeset` of what is revealed already, by the parser and the allow-list."""
    return nh3.clean(
        _markdown().render(shown),
        tags=_BLOCKS | _INLINES | _TABLES,
        attributes=_ATTRIBUTES,
        attribute_filter=_keep_attribute,
        url_schemes={"http", "https"},
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )


def _without_addresses(text: str, meta: Mapping[str, Any]) -> str:
    addresses = {one.address for one in shown_images(meta) if f"]({one.address})" in text}
    if not addresses:
        return text
    known = "|".join(re.escape(one) for one in sorted(addresses, reverse=True))
    return re.sub(rf"!\[([^\]\n]{{0,2000}})\]\((?:{known})\)", rf"![\1]({MISSING})", text)


def _image_words(found: re.Match[str]) -> str:
    """Where an image stands in the text; the image itself is shown below it."""
    return gettext("[Image: %(words)s]") % {"words": found[1]} if found[1].strip() else gettext("[Image]")


def typeset_raw(text: str) -> str:
    """The characters as they came, with the invisible ones spelled out."""
    return f'<pre class="raw">{escapeHtml(reveal(text))}</pre>'


def reveal(text: str) -> str:
    """Spell out what would otherwise act without being seen: ``‹U+202E›``."""
    return _INVISIBLE.sub(lambda found: f"‹U+{ord(found.group()):04X}›", text)


def has_math(text: str) -> bool:
    """Whether typesetting ``text`` may need KaTeX; false alarms cost a download, nothing else."""
    return "$" in text or "\\(" in text or "\\[" in text or "\\begin{" in text


@cache
def _markdown() -> MarkdownIt:
    md = MarkdownIt("commonmark", {"html": False, "breaks": True, "highlight": _highlight})
    md.enable("table")
    # Indented prose is not code, and "x = 3" over a rule is not a heading; pictures from afar are not wanted.
    md.disable(["code", "lheading", "image", "html_block", "html_inline"])
    md.inline.ruler.at("emphasis", _whole_word_emphasis)
    use_math(md)
    return md


def _whole_word_emphasis(state: StateInline, silent: bool) -> bool:
    """Emphasis for stars as CommonMark has it for underscores: never inside a word or between factors."""
    marker = state.src[state.pos]
    if silent or marker not in "_*":
        return False
    scanned = state.scanDelims(state.pos, False)
    for _ in range(scanned.length):
        state.push("text", "", 0).content = marker
        state.delimiters.append(
            Delimiter(
                marker=ord(marker),
                length=scanned.length,
                token=len(state.tokens) - 1,
                end=-1,
                open=scanned.can_open,
                close=scanned.can_close,
            )
        )
    state.pos += scanned.length
    return True


def _highlight(code: str, language: str, _attributes: str) -> str:
    try:
        lexer = get_lexer_by_name(language.strip().lower(), stripnl=False)
    except ClassNotFound:
        return ""
    return str(highlight(code, lexer, HtmlFormatter(nowrap=True)))


def _keep_attribute(tag: str, attribute: str, value: str) -> str | None:
    if attribute == "class":
        return value if _CLASSES.fullmatch(value) else None
    return value
