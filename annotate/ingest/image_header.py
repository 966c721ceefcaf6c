"""What an image file says of itself in its first bytes: its type, and how many pixels a browser would unpack.

Nothing is decoded here. Four types only; SVG is a program and never taken.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from annotate.errors import Rejected

MOST_PIXELS = 40_000_000
LONGEST_SIDE = 16_384
# JPEG frame headers; the others in that range are tables.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD8)})


@dataclass(frozen=True, slots=True)
class Header:
    media_type: str
    width: int
    height: int


def read_header(data: bytes) -> Header:
    """Raises Rejected, without a field, for what is no png, jpeg, webp or gif, is cut short, or has too many pixels."""
    try:
        found = _png(data) or _gif(data) or _webp(data) or _jpeg(data)
    except (struct.error, IndexError):
        raise Rejected("is cut short: its size cannot be read") from None
    if found is None:
        raise Rejected("is no png, jpeg, webp or gif")
    if not found.width or not found.height:
        raise Rejected("has no pixels")
    if max(found.width, found.height) > LONGEST_SIDE or found.width * found.height > MOST_PIXELS:
        raise Rejected(
            f"has {found.width:,} by {found.height:,} pixels; {MOST_PIXELS:,} are allowed, and {LONGEST_SIDE:,} on a"
            " side"
        )
    return found


def _png(data: bytes) -> Header | None:
    if not data.startswith(b"\x89PNG\r\n\x1a\n"):
        return None
    length, name, width, height = struct.unpack_from(">I4sII", data, 8)
    if name != b"IHDR" or length != 13:
        raise Rejected("is no png: it does not begin with its header")
    return Header("image/png", width, height)


def _gif(data: bytes) -> Header | None:
    if not data.startswith((b"GIF87a", b"GIF89a")):
        return None
    return Header("image/gif", *struct.unpack_from("<HH", data, 6))


def _webp(data: bytes) -> Header | None:
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        return None
    kind = data[12:16]
    if kind == b"VP8X":
        width = int.from_bytes(data[24:27], "little") + 1
        height = int.from_bytes(data[27:30], "little") + 1
        if len(data) < 30:
            raise IndexError
    elif kind == b"VP8L":
        [bits] = struct.unpack_from("<I", data, 21)
        if data[20] != 0x2F:
            raise Rejected("is no webp: its stream does not begin as one")
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    elif kind == b"VP8 ":
        if data[23:26] != b"\x9d\x01\x2a":
            raise Rejected("is no webp: its stream does not begin as one")
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", data, 26))
    else:
        raise Rejected("is no webp that is known here")
    return Header("image/webp", width, height)


def _jpeg(data: bytes) -> Header | None:
    if data[:2] != b"\xff\xd8":
        return None
    at = 2
    while True:
        if data[at] != 0xFF:
            raise Rejected("is no jpeg: its parts do not follow each other")
        while data[at] == 0xFF:
            at += 1
        marker = data[at]
        at += 1
        if marker in _WITHOUT_LENGTH:
            continue
        if marker in (0xD9, 0xDA):
            raise Rejected("is no jpeg: it does not say its size")
        [length] = struct.unpack_from(">H", data, at)
        if marker in _FRAMES:
            height, width = struct.unpack_from(">HH", data, at + 3)
            return Header("image/jpeg", width, height)
        if length < 2:
            raise Rejected("is no jpeg: its parts do not follow each other")
        at += length
