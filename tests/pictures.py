"""Small image files, made byte by byte: good ones, and headers that promise more than there is."""

from __future__ import annotations

import base64
import io
import struct
import zlib
from typing import Any

from PIL import Image


def a_png(width: int = 4, height: int = 3, *, pixels: bool = True) -> bytes:
    """A grey picture; without ``pixels`` only its header, which may promise any size."""
    rows = (
        b"".join(b"\x00" + bytes((x * 7 + y * 11) % 256 for x in range(width)) for y in range(height))
        if pixels
        else b""
    )
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", head)
        + _chunk(b"IDAT", zlib.compress(rows))
        + _chunk(b"IEND", b"")
    )


def a_gif(width: int = 4, height: int = 3) -> bytes:
    """Only its header."""
    return b"GIF89a" + struct.pack("<HH", width, height) + b"\x00\x00\x00;"


def a_picture(format: str, width: int = 4, height: int = 3, **saved: Any) -> bytes:
    """A whole picture, its left half red and its right half blue."""
    picture = Image.new("RGB", (width, height), (220, 20, 20))
    picture.paste((20, 20, 220), (width // 2, 0, width, height))
    out = io.BytesIO()
    picture.save(out, format, **saved)
    return out.getvalue()


def a_jpeg(width: int = 4, height: int = 3) -> bytes:
    app0 = b"\xff\xe0" + struct.pack(">H", 16) + b"JFIF\x00" + bytes(9)
    frame = b"\xff\xc2" + struct.pack(">HBHH", 11, 8, height, width) + bytes(4)
    return b"\xff\xd8" + app0 + frame + b"\xff\xda"


def a_webp(kind: bytes = b"VP8X", width: int = 4, height: int = 3) -> bytes:
    body = {
        b"VP8X": bytes(4) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little"),
        b"VP8L": b"\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14),
        b"VP8 ": bytes(3) + b"\x9d\x01\x2a" + struct.pack("<HH", width, height),
    }[kind]
    return b"RIFF" + struct.pack("<I", len(body) + 12) + b"WEBP" + kind + struct.pack("<I", len(body)) + body


def a_data_uri(data: bytes, media_type: str = "image/png") -> str:
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
