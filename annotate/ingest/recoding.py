"""An image taken apart and written anew, so that what is kept and served holds pixels and nothing else.

Whatever else the file carried goes: where a photograph was taken, a thumbnail of what was cut away, text behind the
picture's end, all but the first frame of an animation. What cannot be unpacked to its end is no image.

WebP loses a little each time it is written. One that was written here before, as a release holds it, is kept as it is
where it has no room for anything but one picture.
"""

from __future__ import annotations

import io
from typing import Any

from annotate.errors import Rejected
from annotate.ingest.image_header import LONGEST_SIDE, MOST_PIXELS, Header

_FORMATS = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WEBP", "image/gif": "GIF"}
_PHOTOGRAPHS = ("image/jpeg", "image/webp")
_PLAIN = ("L", "LA", "RGB", "RGBA")
_MOST_OF_WEBP = 16_383
_QUALITY = 90
_CHUNKS = frozenset({b"VP8X", b"ALPH", b"VP8 ", b"VP8L"})
# The only mark in the head of an extended WebP that is no promise of more than a picture.
_HAS_ALPHA = 0x10


def recoded(data: bytes, header: Header, *, is_ours: bool = False) -> tuple[bytes, Header]:
    """The image as WebP, where it came as a photograph does, or as PNG, which loses nothing.

    Raises Rejected, without a field. ``header`` says what the file is; no other decoder is asked. ``is_ours``: it is
    said to have been written here before.
    """
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data), formats=(_FORMATS[header.media_type],)) as picture:
            # Known from its header already; a decoder that reads another size from the same bytes unpacks nothing.
            if picture.width * picture.height > MOST_PIXELS or max(picture.size) > LONGEST_SIDE:
                raise Rejected("says two different sizes")
            picture.load()
            if is_ours and header.media_type == "image/webp" and holds_a_picture_alone(data):
                return data, header
            plain = _plain(picture)
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, Image.DecompressionBombError) as error:
        raise Rejected(f"cannot be unpacked: {str(error)[:120] or 'it is broken'}") from None
    is_photograph = header.media_type in _PHOTOGRAPHS and max(plain.size) <= _MOST_OF_WEBP
    out = io.BytesIO()
    if is_photograph:
        plain.save(out, "WEBP", quality=_QUALITY)
    else:
        plain.save(out, "PNG")
    return out.getvalue(), Header("image/webp" if is_photograph else "image/png", plain.width, plain.height)


def holds_a_picture_alone(data: bytes) -> bool:
    """Whether a WebP consists of the chunks of one picture to its last byte: no profile, no place, no second frame."""
    if int.from_bytes(data[4:8], "little") != len(data) - 8:
        return False
    place = 12
    while place < len(data):
        name, size = data[place : place + 4], int.from_bytes(data[place + 4 : place + 8], "little")
        if name not in _CHUNKS or (name == b"VP8X" and data[place + 8] & ~_HAS_ALPHA):
            return False
        place += 8 + size + size % 2
    return place == len(data)


def _plain(picture: Any) -> Any:
    """The first frame, upright, in one of four plain modes."""
    from PIL import ImageOps

    upright = ImageOps.exif_transpose(picture)
    if upright.mode not in _PLAIN:
        upright = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    elif "transparency" in upright.info:
        upright = upright.convert("RGBA")
    # The formats write some of this out again by themselves.
    upright.info = {}
    return upright
