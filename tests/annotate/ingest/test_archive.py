from __future__ import annotations

from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from annotate.errors import Rejected
from annotate.ingest import archive
from annotate.ingest.archive import Archive


def zipped(folder: Path, **members: bytes) -> Path:
    data = BytesIO()
    with ZipFile(data, "w", ZIP_DEFLATED) as file:
        for name, body in members.items():
            file.writestr(name, body)
    path = folder / "a.zip"
    path.write_bytes(data.getvalue())
    return path


def test_members_are_read_as_text(tmp_path: Path) -> None:
    found = Archive(zipped(tmp_path, a=b"one\r\n\xff", b=b""))
    assert found.names == ["a", "b"]
    with found.text("a") as text:
        assert text.read() == "one\r\n\udcff"
    found.close()


def test_one_member_that_unfolds_is_refused_before_it_is_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "EXPANSION_FREE_BYTES", 1 << 16)
    found = Archive(zipped(tmp_path, a=bytes(1 << 24)))
    with found.text("a") as text, pytest.raises(Rejected, match="expands more than 100"):
        text.read()


def test_many_members_together_are_refused_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "EXPANSION_FREE_BYTES", 1 << 20)
    found = Archive(zipped(tmp_path, **{f"m{n}": bytes(1 << 19) for n in range(40)}))

    def read_all() -> None:
        for name in found.names:
            with found.text(name) as text:
                text.read()

    with pytest.raises(Rejected, match="expands more than 100"):
        read_all()


def test_what_is_no_archive_or_holds_too_many_files_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "no.zip"
    path.write_bytes(b"PK\x03\x04 and nothing else")
    with pytest.raises(Rejected, match="cannot be read"):
        Archive(path)
    monkeypatch.setattr(archive, "MOST_MEMBERS", 1)
    with pytest.raises(Rejected, match="holds 2 files"):
        Archive(zipped(tmp_path, a=b"", b=b""))
