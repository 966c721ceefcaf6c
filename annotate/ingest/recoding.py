"""An image taken apart and written anew, so that what is kept and served holds pixels and nothing else.

Whatever else the file carried goes: where a photograph was taken, a thumbnail of what was cut away, text behind the
picture's end, all but the first frame of an animation. What cannot be unpacked to its end is no image.
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


def recoded(data: bytes, header: Header) -> tuple[bytes, Header]:
    """The image as WebP, where it came as a photograph does, or as PNG, which loses nothing.

    Raises Rejected, without a field. ``header`` says what the file is; no other decoder is asked.
    """
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data), formats=(_FORMATS[header.media_type],)) as picture:
            # Known from its header already; a decoder that reads another size from the same bytes unpacks nothing.
            if picture.width * picture.height > MOST_PIXELS or max(picture.size) > LONGEST_SIDE:
                raise Rejected("says two different sizes")
            picture.load()
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
