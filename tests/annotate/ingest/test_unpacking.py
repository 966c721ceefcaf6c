"""Archives of data files with their images: what is taken, and that nothing else is, however the archive was made."""

from __future__ import annotations

import gzip
import io
import stat
import tarfile
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import pytest

from annotate.errors import Rejected
from annotate.ingest import archive, source, unpacking
from annotate.ingest.actions import ingest_file, ingest_files
from annotate.ingest.album import BadImages
from annotate.ingest.image_drafts import MOST_BYTES
from annotate.ingest.image_entries import shown_images
from annotate.ingest.looking import look_at
from annotate.ingest.options import ReadOptions
from annotate.ingest.unpacking import TooLargeToLookAt, data_files
from annotate.models import Image, Trace
from tests.annotate.ingest.files import a_row, lines_of
from tests.factories import a_project
from tests.pictures import a_png

SHOT = {"text": "It is empty.", "images": ["shots/1.png"]}
GOOD = {"set/data.jsonl": lines_of(a_row(steps=[SHOT])), "set/shots/1.png": a_png()}
KINDS = ("zip", "tar", "tar.gz")


def archived(folder: Path, members: dict[str, bytes], kind: str = "zip") -> Path:
    path = folder / f"a.{kind}"
    if kind == "zip":
        with ZipFile(path, "w", ZIP_DEFLATED) as packed:
            for name, body in members.items():
                packed.writestr(name, body)
        return path
    with tarfile.open(path, "w:gz" if kind.endswith("gz") else "w") as tar:
        for name, body in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(body)
            tar.addfile(member, io.BytesIO(body))
    return path


def with_entry(folder: Path, **about: Any) -> Path:
    """A tar archive with a good file and then one entry of any kind."""
    path = folder / "a.tar"
    with tarfile.open(path, "w") as tar:
        body = lines_of(a_row())
        good = tarfile.TarInfo("data.jsonl")
        good.size = len(body)
        tar.addfile(good, io.BytesIO(body))
        other = tarfile.TarInfo(about.pop("name", "shots/1.png"))
        for name, value in about.items():
            setattr(other, name, value)
        tar.addfile(other)
    return path


def refused(path: Path, told: str) -> None:
    with pytest.raises(Rejected, match=told), data_files([path]):
        raise AssertionError("this archive was unpacked")


@pytest.mark.django_db
@pytest.mark.parametrize("kind", KINDS)
def test_rows_come_in_with_images_that_lie_below_their_file(tmp_path: Path, kind: str) -> None:
    report = ingest_file(a_project(), archived(tmp_path, GOOD, kind))
    assert (report.created, report.rejected, report.format) == (1, 0, "jsonl")
    [image] = shown_images(Trace.objects.get().steps.get().meta)
    assert Image.objects.get().digest == image.digest


@pytest.mark.django_db
def test_files_of_an_archive_are_shards_and_errors_name_theirs(tmp_path: Path) -> None:
    members = {
        f"part-{n}.jsonl": lines_of(
            a_row(f"t{n}"), a_row(f"x{n}", steps=[{"text": "", "images": ["no.png"]}])
        )
        for n in range(2)
    }
    members |= {"README.md": b"# About", "__MACOSX/._part-0.jsonl": b"\x00", "notes.html": b"<p>"}
    seen: list[tuple[int, int]] = []
    report = ingest_files(
        a_project(), [archived(tmp_path, members)], on_progress=lambda *progress: seen.append(progress)
    )
    assert (report.created, report.rejected) == (2, 2)
    assert [(one.file, one.line, one.field) for one in report.errors] == [
        ("part-0.jsonl", 2, "steps[0].images[0]"),
        ("part-1.jsonl", 2, "steps[0].images[0]"),
    ]
    assert (
        seen[-1][0] == seen[-1][1] == sum(len(body) for name, body in members.items() if name[:4] == "part")
    )


@pytest.mark.django_db
@pytest.mark.parametrize("named", ["../other.png", "/etc/hostname", "shots/../../x.png", "shots"])
def test_rows_reach_no_further_than_their_file(tmp_path: Path, named: str) -> None:
    members = GOOD | {
        "set/data.jsonl": lines_of(a_row(steps=[{"text": "It.", "images": [named]}])),
        "other.png": a_png(5, 5),
    }
    report = ingest_file(a_project(), archived(tmp_path, members))
    assert (report.created, [error.field for error in report.errors]) == (0, ["steps[0].images[0]"])
    assert not Image.objects.exists()


@pytest.mark.django_db
def test_a_bad_image_costs_its_row_or_is_left_out_and_told(tmp_path: Path) -> None:
    members = GOOD | {
        "set/data.jsonl": lines_of(
            a_row(steps=[SHOT, {"text": "On.", "images": ["shots/2.png"]}]), a_row("t2")
        ),
        "set/shots/2.png": b"MZ this is a program",
    }
    path = archived(tmp_path, members)
    report = ingest_file(a_project(), path)
    assert (report.created, report.rejected, report.flaws) == (1, 1, 0)
    kept = ingest_file(a_project(), path, options=ReadOptions(bad_images=BadImages.KEEP))
    assert (kept.created, kept.rejected, kept.flaws) == (2, 0, 1)
    assert [(one.line, one.field, one.reason) for one in kept.left_out_images] == [
        (1, "steps[1].images[0]", "is no png, jpeg, webp or gif")
    ]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "name",
    [
        "../out.jsonl",
        "/tmp/out.jsonl",
        "a/../../out.jsonl",
        "a//b.jsonl",
        "..",
        "a\\..\\o.jsonl",
        "a\nb.jsonl",
    ],
)
def test_a_name_that_leads_out_refuses_the_archive(tmp_path: Path, kind: str, name: str) -> None:
    inner = tmp_path / "room"
    inner.mkdir()
    path = archived(tmp_path, GOOD | {name: b"{}"}, kind)
    with pytest.raises(Rejected, match="nothing of it was read"), data_files([path], room=inner):
        raise AssertionError("this archive was unpacked")
    assert list(inner.iterdir()) == []


def test_links_and_devices_refuse_the_archive(tmp_path: Path) -> None:
    for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE):
        refused(with_entry(tmp_path, type=kind, linkname="/etc/passwd"), "a link or something else")
    path = archived(tmp_path, GOOD)
    with ZipFile(path, "a") as packed:
        link = ZipInfo("set/shots/3.png")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        packed.writestr(link, "/etc/passwd")
    refused(path, "holds a link")


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_what_unfolds_out_of_proportion_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    for module in (archive, unpacking, source):
        monkeypatch.setattr(module, "EXPANSION_FREE_BYTES", 1 << 16)
    refused(archived(tmp_path, {"data.jsonl": bytes(1 << 24)}, kind), "expands more than 100")


def test_a_header_without_end_is_refused_before_it_is_held(tmp_path: Path) -> None:
    block = tarfile.TarInfo("././@LongLink")
    block.type, block.size = tarfile.GNUTYPE_LONGNAME, 1 << 40
    path = tmp_path / "a.tar.gz"
    path.write_bytes(gzip.compress(block.tobuf(tarfile.GNU_FORMAT) + bytes(1 << 20)))
    refused(path, "a header without end")


def test_the_same_name_twice_is_refused(tmp_path: Path) -> None:
    path = archived(tmp_path, GOOD)
    with ZipFile(path, "a") as packed, pytest.warns(UserWarning, match="Duplicate"):
        packed.writestr("set/shots/1.png", a_png(9, 9))
    refused(path, "twice")
    refused(archived(tmp_path, {"a.jsonl": b"{}", "a.jsonl/b.jsonl": b"{}"}, "tar"), "as a file and a folder")


def test_an_archive_that_is_broken_or_holds_no_data_says_so(tmp_path: Path) -> None:
    refused(archived(tmp_path, {"a.png": a_png()}), "holds no data")
    whole = archived(tmp_path, GOOD | {"set/shots/2.png": bytes(range(256)) * 99}, "tar").read_bytes()
    cut = tmp_path / "cut.tar"
    cut.write_bytes(whole[: len(whole) - 12_000])
    refused(cut, "cannot be read")


def test_too_many_files_and_a_full_disk_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "KEPT_FREE", 1 << 60)
    refused(archived(tmp_path, GOOD, "tar"), "no room")
    monkeypatch.undo()
    for module in (archive, unpacking):
        monkeypatch.setattr(module, "MOST_MEMBERS", 1)
    refused(archived(tmp_path, GOOD, "tar"), "more than 1 files")


def test_of_an_image_that_is_too_large_no_more_is_written_than_tells_so(tmp_path: Path) -> None:
    path = archived(tmp_path, GOOD | {"set/shots/2.png": bytes(3 * MOST_BYTES)})
    with data_files([path]) as [file]:
        assert (file.path.parent / "shots/2.png").stat().st_size == MOST_BYTES + 1
    assert not file.path.exists()


def test_an_archive_is_looked_at_unless_it_is_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = archived(tmp_path, GOOD)
    [seen] = look_at(path).traces
    assert len(seen.draft.images) == 1
    monkeypatch.setattr(unpacking, "MOST_LOOKED_AT", 100)
    with pytest.raises(TooLargeToLookAt):
        look_at(path)
