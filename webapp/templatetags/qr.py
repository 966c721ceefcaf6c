"""``{% load qr %}``: a text as a QR code, drawn in the page itself: no picture to fetch, no style of its own."""

from __future__ import annotations

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()
# What a reader needs around it, in squares (ISO/IEC 18004).
QUIET = 4


@register.simple_tag
def qr_code(text: str, title: str) -> SafeString:
    """``title`` says to whoever does not see it what it is."""
    from qrcode.main import QRCode

    code = QRCode(border=QUIET)
    code.add_data(text)
    squares = code.get_matrix()
    path = "".join(
        f"M{x} {y}h1v1h-1z" for y, row in enumerate(squares) for x, is_dark in enumerate(row) if is_dark
    )
    return format_html(
        '<svg class="qr" viewBox="0 0 {0} {0}" role="img" aria-label="{1}"><path d="{2}"/></svg>',
        len(squares),
        title,
        path,
    )
