"""Part of a file for whoever has the rest already."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import RequestFactory

from tests.webapp.api.clients import content_of_file
from webapp.download import download

CONTENT = bytes(range(200)) * 3000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "train.parquet"
    path.write_bytes(CONTENT)
    return path


def asked(path: Path, **headers: str):
    return download(RequestFactory().get("/", headers=headers), path)


@pytest.mark.parametrize(
    ("said", "begin", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=100-", 100, len(CONTENT)),
        ("bytes=100-299999", 100, 300_000),
        ("bytes=-50", len(CONTENT) - 50, len(CONTENT)),
        ("bytes=5-99999999", 5, len(CONTENT)),
        ("bytes=-99999999", 0, len(CONTENT)),
        (f"bytes=5-{'9' * 5000}", 5, len(CONTENT)),
        (f"bytes=-{'9' * 5000}", 0, len(CONTENT)),
        (f"bytes={'0' * 5000}5-6", 5, 7),
    ],
)
def test_a_part_is_what_was_asked_for(path: Path, said: str, begin: int, end: int) -> None:
    answer = asked(path, Range=said)
    assert answer.status_code == 206
    assert answer.headers["Content-Range"] == f"bytes {begin}-{end - 1}/{len(CONTENT)}"
    assert int(answer.headers["Content-Length"]) == end - begin
    assert content_of_file(answer) == CONTENT[begin:end]


@pytest.mark.parametrize("said", ["", "bytes=-", "bytes=0-1,5-9", "lines=1-2", "bytes=x-y"])
def test_anything_else_is_the_whole(path: Path, said: str) -> None:
    answer = asked(path, Range=said)
    assert (answer.status_code, answer.headers["Accept-Ranges"]) == (200, "bytes")
    assert content_of_file(answer) == CONTENT


@pytest.mark.parametrize("said", [f"bytes={len(CONTENT)}-", "bytes=9-3", "bytes=-0", f"bytes={'9' * 5000}-"])
def test_what_lies_outside_is_refused_with_the_size(path: Path, said: str) -> None:
    answer = asked(path, Range=said)
    assert (answer.status_code, answer.headers["Content-Range"]) == (416, f"bytes */{len(CONTENT)}")


def test_another_file_is_not_put_together_with_this_one(path: Path) -> None:
    first = asked(path)
    tag = first.headers["ETag"]
    assert content_of_file(first) == CONTENT
    assert content_of_file(asked(path, Range="bytes=5-", **{"If-Range": tag})) == CONTENT[5:]
    path.write_bytes(CONTENT[::-1])
    again = asked(path, Range="bytes=5-", **{"If-Range": tag})
    assert (again.status_code, content_of_file(again)) == (200, CONTENT[::-1])
