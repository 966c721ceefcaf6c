"""A file as a download that can be broken off and taken up again: one range of bytes (RFC 9110, section 14)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_PIECE = 1 << 18
# More digits than the size of any file has; Python refuses to read some thousands.
_DIGITS = 19


def download(request: HttpRequest, path: Path) -> HttpResponseBase:
    """The whole file, or the part that was asked for. The answer's ``ETag`` is of the file's size and time.

    A range of another form, or several, is answered with the whole, as the standard allows.
    """
    about = path.stat()
    tag = f'"{about.st_size:x}-{about.st_mtime_ns:x}"'
    found = _RANGE.fullmatch(request.headers.get("Range", "").strip())
    # Who has the beginning of another file would put two together.
    is_same = request.headers.get("If-Range", tag) == tag
    if found is None or not any(found.groups()) or not is_same:
        whole = FileResponse(path.open("rb"), as_attachment=True, filename=path.name)
        return _with(whole, tag)
    begin, end = _ends(found, about.st_size)
    if begin >= min(end, about.st_size):
        refused = HttpResponse(status=416, headers={"Content-Range": f"bytes */{about.st_size}"})
        return _with(refused, tag)
    file = path.open("rb")
    file.seek(begin)
    part = StreamingHttpResponse(
        _pieces(file, end - begin),
        status=206,
        content_type="application/octet-stream",
        headers={
            "Content-Range": f"bytes {begin}-{end - 1}/{about.st_size}",
            "Content-Length": str(end - begin),
            "Content-Disposition": f'attachment; filename="{path.name}"',
        },
    )
    return _with(part, tag)


def _with(answer: HttpResponseBase, tag: str) -> HttpResponseBase:
    answer.headers["Accept-Ranges"] = "bytes"
    answer.headers["ETag"] = tag
    return answer


def _ends(found: re.Match[str], size: int) -> tuple[int, int]:
    """Where the part begins and ends; of "-n" the last n bytes are meant."""
    first, last = found.groups()
    if not first:
        return max(0, size - _number(last)), size
    return _number(first), min(size, _number(last) + 1) if last else size


def _number(digits: str) -> int:
    """Of one that is longer than any file, another that is."""
    return int(digits.lstrip("0")[:_DIGITS] or "0")


def _pieces(file: IO[bytes], left: int) -> Iterator[bytes]:
    with file:
        while left > 0 and (piece := file.read(min(_PIECE, left))):
            left -= len(piece)
            yield piece
