from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from annotate.errors import Rejected
from annotate.ingest import source
from annotate.ingest.source import Source


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("data", [b"\xef\xbb\xbfa\nb", gzip.compress(b"a\nb")], ids=["plain", "gzip"])
def test_source_reads_plain_and_gzip(tmp_path: Path, data: bytes) -> None:
    with Source(written(tmp_path / "in", data)) as opened:
        assert opened.head == opened.text.read() == "a\nb"
        assert opened.n_read == opened.size == len(data)


def test_source_keeps_line_ends_and_marks_bytes_that_are_no_text(tmp_path: Path) -> None:
    with Source(written(tmp_path / "in", b"a\r\nb\rc\xff")) as opened:
        assert opened.text.read() == "a\r\nb\rc\udcff"


@pytest.mark.parametrize("name", ["absent", "."])
def test_source_that_cannot_be_opened_is_rejected(tmp_path: Path, name: str) -> None:
    with pytest.raises(Rejected, match="cannot be read"):
        Source(tmp_path / name)


def test_cut_gzip_is_rejected(tmp_path: Path) -> None:
    whole = gzip.compress(bytes(range(256)) * 4000)
    with (
        pytest.raises(Rejected, match="gzip data is broken"),
        Source(written(tmp_path / "in", whole[:-9])) as opened,
    ):
        opened.text.read()


def test_gzip_bomb_is_rejected_before_it_unfolds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "EXPANSION_FREE_BYTES", 1 << 20)
    bomb = gzip.compress(b" " * (64 << 20))
    with (
        Source(written(tmp_path / "in", bomb)) as opened,
        pytest.raises(Rejected, match="expands more than 100"),
    ):
        opened.text.read()
