"""A file in pieces, and a worker that reads it: sent twice, broken off, stopped, killed, too large."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from django.db import connection
from django.utils import timezone

from annotate.enums import UploadState
from annotate.errors import Conflict, Rejected
from annotate.ingest.looking import look_at
from annotate.ingest.said_options import mapping_in, options_from
from annotate.ingest.uploads import (
    FORGOTTEN,
    LEASE,
    Store,
    _take,
    add_piece,
    ask_ingest,
    begin_upload,
    forget_old,
    forget_upload,
    left_alone,
    progress_of,
    stop_ingest,
    work_upload,
)
from annotate.models import Project, Trace, Upload
from tests.factories import a_person, a_project
from tests.pictures import a_png

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return a_project(slug="sums")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "uploads", most_bytes=10_000_000)


def rows(n: int, begin: int = 0) -> bytes:
    lines = [
        {"id": f"t{i}", "problem": {"text": f"What is {i} + 1?"}, "steps": [f"It is {i + 1}."]}
        for i in range(begin, begin + n)
    ]
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


def here(project: Project, store: Store, content: bytes) -> Upload:
    upload = begin_upload(project, a_person("alice"), store, name="traces.jsonl", size=len(content))
    return add_piece(upload, store, offset=0, body=BytesIO(content))


def test_a_file_arrives_in_pieces_and_its_rows_are_brought_in(project, store) -> None:
    content = rows(30)
    upload = begin_upload(project, None, store, name="traces.jsonl", size=len(content))
    for begin in range(0, len(content), 500):
        assert upload.state == UploadState.COMING
        upload = add_piece(upload, store, offset=begin, body=BytesIO(content[begin : begin + 500]))
    assert (upload.state, upload.received) == (UploadState.HERE, len(content))
    asked = ask_ingest(upload, store)
    assert progress_of(asked, store).percent == 0
    done = work_upload(asked, store)
    assert (done.state, done.report["created"], done.report["rejected"]) == (UploadState.DONE, 30, 0)
    assert Trace.objects.filter(project=project).count() == 30
    assert not store.content(upload).exists()
    assert progress_of(done, store) is None
    # A message that comes twice does nothing twice.
    assert work_upload(Upload.objects.get(pk=upload.pk), store).report == done.report


def test_a_piece_sent_twice_is_written_once_and_another_place_is_named(project, store) -> None:
    upload = begin_upload(project, None, store, name="a.jsonl", size=6)
    stale = Upload.objects.get(pk=upload.pk)
    add_piece(upload, store, offset=0, body=BytesIO(b"abc"))
    with pytest.raises(Conflict, match="goes on at byte 3, not 0"):
        add_piece(stale, store, offset=0, body=BytesIO(b"abc"))
    with pytest.raises(Conflict, match="goes on at byte 3, not 5"):
        add_piece(upload, store, offset=5, body=BytesIO(b"c"))
    with pytest.raises(Rejected, match="more of it than the 6 bytes"):
        add_piece(upload, store, offset=3, body=BytesIO(b"defg"))
    add_piece(upload, store, offset=3, body=BytesIO(b"def"))
    assert store.content(upload).read_bytes() == b"abcdef"
    with pytest.raises(Conflict, match="All of this file is here"):
        add_piece(upload, store, offset=6, body=BytesIO(b""))


@pytest.mark.parametrize(
    ("name", "size", "said"),
    [
        ("a.jsonl", 0, "empty"),
        ("a.jsonl", 10_000_001, "larger than"),
        (" ", 5, "missing"),
        ("a\nb", 5, "one line"),
    ],
)
def test_what_cannot_be_taken_is_refused_before_a_byte_is_sent(project, store, name, size, said) -> None:
    with pytest.raises(Rejected, match=said):
        begin_upload(project, None, store, name=name, size=size)
    assert not Upload.objects.exists()


def test_a_dry_run_writes_nothing_and_the_file_stays(project, store) -> None:
    upload = here(project, store, rows(5) + b"{}\n")
    tried = work_upload(ask_ingest(upload, store, is_dry_run=True), store)
    assert (tried.state, tried.report["created"], tried.report["rejected"]) == (UploadState.TRIED, 5, 1)
    assert tried.report["errors"][0]["line"] == 6
    assert not Trace.objects.exists()
    strict = work_upload(ask_ingest(upload, store, is_strict=True), store)
    assert (strict.state, strict.report["is_written"]) == (UploadState.TRIED, False)
    assert work_upload(ask_ingest(upload, store), store).state == UploadState.DONE
    assert Trace.objects.count() == 5
    with pytest.raises(Conflict, match="has been brought in"):
        ask_ingest(upload, store)


def test_reading_stops_when_asked_and_goes_on_with_the_rest(project, store) -> None:
    upload = here(project, store, rows(2500))
    asked = ask_ingest(upload, store)
    Upload.objects.filter(pk=upload.pk).update(
        state=UploadState.RUNNING, asked_at=timezone.now() - timedelta(minutes=5)
    )
    stop_ingest(asked, store)
    stopped = work_upload(asked, store)
    assert stopped.state == UploadState.CANCELLED
    n_there = Trace.objects.count()
    assert n_there < 2500
    done = work_upload(ask_ingest(stopped, store), store)
    assert (done.report["created"], done.report["unchanged"]) == (2500 - n_there, n_there)
    assert Trace.objects.count() == 2500


def test_what_nobody_has_begun_stops_at_once(project, store) -> None:
    asked = ask_ingest(here(project, store, rows(1)), store)
    stop_ingest(asked, store)
    assert Upload.objects.get().state == UploadState.CANCELLED
    assert work_upload(asked, store).state == UploadState.CANCELLED
    assert not Trace.objects.exists()


def test_a_killed_reading_ends_like_an_undisturbed_one(project, store, monkeypatch) -> None:
    upload = ask_ingest(here(project, store, rows(2000)), store)

    class Killed(BaseException):
        pass

    def kill(*_: object) -> None:
        if Trace.objects.exists():
            raise Killed

    monkeypatch.setattr(Store, "show", kill)
    monkeypatch.setattr("annotate.ingest.uploads._SHOW_EVERY", 0.0)
    with pytest.raises(Killed):
        work_upload(upload, store)
    monkeypatch.undo()
    assert 0 < Trace.objects.count() < 2000
    again = Upload.objects.get()
    assert again.state == UploadState.RUNNING
    Upload.objects.update(asked_at=timezone.now() - timedelta(minutes=5))
    assert left_alone(store, timedelta(minutes=1)) == [again]
    assert work_upload(again, store).state == UploadState.DONE
    assert Trace.objects.count() == 2000
    assert left_alone(store, timedelta(minutes=1)) == []


class Pausing(Store):
    """Whoever reads says so once rows are there, and goes on when told to."""

    def show(self, upload: Upload, n_read: int) -> None:
        super().show(upload, n_read)
        if n_read and not is_there.is_set():
            is_there.set()
            goes_on.wait(timeout=60)


is_there, goes_on = threading.Event(), threading.Event()


@pytest.fixture
def first(project, store, monkeypatch) -> Iterator[tuple[Upload, Future[Upload]]]:
    """An upload, and the worker who is in the middle of it."""

    def read() -> Upload:
        try:
            return work_upload(Upload.objects.get(pk=upload.pk), Pausing(store.root, store.most_bytes))
        finally:
            connection.close()

    monkeypatch.setattr("annotate.ingest.uploads._SHOW_EVERY", 0.0)
    is_there.clear()
    goes_on.clear()
    upload = ask_ingest(here(project, store, rows(2000)), store)
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(read)
        try:
            assert is_there.wait(timeout=60)
            yield upload, reading
        finally:
            goes_on.set()


@pytest.mark.django_db(transaction=True)
def test_a_file_that_is_handed_out_again_is_left_to_whoever_reads_it(first, store) -> None:
    upload, reading = first
    n_there = Trace.objects.count()
    second = work_upload(Upload.objects.get(pk=upload.pk), store)
    assert (second.state, second.report) == (UploadState.RUNNING, None)
    assert Trace.objects.count() == n_there
    goes_on.set()
    done = reading.result(timeout=60)
    assert done.state == UploadState.DONE
    assert (done.report["created"], done.report["unchanged"]) == (2000, 0)


@pytest.mark.django_db(transaction=True)
def test_whoever_only_seemed_to_be_dead_leaves_the_file_to_whoever_took_it_up(first, store) -> None:
    upload, reading = first
    n_there = Trace.objects.count()
    Upload.objects.update(asked_at=timezone.now() - timedelta(minutes=5))
    upload.refresh_from_db()
    (store.content(upload).parent / "progress").write_text(f"1 {time.time() - 600}")
    second = work_upload(upload, store)
    assert second.state == UploadState.DONE
    assert (second.report["created"], second.report["unchanged"]) == (2000 - n_there, n_there)
    goes_on.set()
    late = reading.result(timeout=60)
    assert (late.state, late.report) == (second.state, second.report)
    assert Upload.objects.get().report == second.report


def test_of_two_who_take_up_what_was_left_one_does(project, store) -> None:
    upload = ask_ingest(here(project, store, rows(3)), store)
    Upload.objects.update(state=UploadState.RUNNING, asked_at=timezone.now() - timedelta(minutes=5))
    upload.refresh_from_db()
    assert _take(Upload.objects.get(), store, LEASE)
    assert not _take(upload, store, LEASE)


def test_a_worker_that_is_heard_of_is_left_alone(project, store) -> None:
    upload = ask_ingest(here(project, store, rows(1)), store)
    Upload.objects.update(state=UploadState.RUNNING, asked_at=timezone.now() - timedelta(hours=1))
    upload.refresh_from_db()
    store.show(upload, upload.size // 2)
    assert left_alone(store, timedelta(minutes=1)) == []
    running = progress_of(upload, store)
    assert 40 <= running.percent <= 50
    assert running.eta_seconds is not None
    assert not running.is_left_alone
    long_ago = time.time() - 600
    (store.content(upload).parent / "progress").write_text(f"{upload.size // 2} {long_ago}")
    assert left_alone(store, timedelta(minutes=1)) == [upload]
    assert progress_of(upload, store).is_left_alone


def test_a_file_that_cannot_be_read_says_why_and_stays(project, store) -> None:
    upload = here(project, store, b"\x1f\x8b\x08 no gzip")
    failed = work_upload(ask_ingest(upload, store, format="jsonl"), store)
    assert failed.state == UploadState.FAILED
    assert "gzip data is broken" in failed.error
    assert store.content(upload).exists()
    with pytest.raises(Rejected, match="no format 'xyz'"):
        ask_ingest(upload, store, format="xyz")
    with pytest.raises(Rejected, match="no such option"):
        ask_ingest(upload, store, options={"splitt": "lines"})


def test_files_are_thrown_away_when_asked_or_forgotten(project, store) -> None:
    kept, gone, old = (here(project, store, rows(1)) for _ in range(3))
    with pytest.raises(Conflict, match="Stop that first"):
        forget_upload(ask_ingest(gone, store), store)
    stop_ingest(gone, store)
    forget_upload(gone, store)
    Upload.objects.filter(pk=old.pk).update(created_at=timezone.now() - 2 * FORGOTTEN)
    assert forget_old(store) == 1
    assert [*Upload.objects.all()] == [kept]
    assert [one.name for one in store.root.iterdir()] == [kept.key]


def test_the_first_rows_are_shown_without_writing(project, store) -> None:
    content = rows(1) + b'{"id": "x"}\n' + rows(20, begin=1)
    found = look_at(store.content(here(project, store, content)))
    assert (found.format, len(found.traces), len(found.bad)) == ("jsonl", 4, 1)
    assert (found.bad[0].line, found.bad[0].field) == (2, "steps")
    assert [step.text for step in found.traces[0].steps] == ["It is 1."]
    assert not Trace.objects.exists()


def test_options_are_read_from_words() -> None:
    options = options_from({"split": "lines", "columns": {"problem": "q"}, "rater": "", "counts_from": 0})
    assert (options.split, options.columns, options.counts_from) == ("lines", {"problem": "q"}, 0)
    assert mapping_in(" problem = q \n\nsteps=s", "columns") == {"problem": "q", "steps": "s"}
    for said, field in (
        ({"split": "words"}, "split"),
        ({"columns": ["q"]}, "columns"),
        ({"rater": 3}, "rater"),
    ):
        with pytest.raises(Rejected) as refused:
            options_from(said)
        assert refused.value.field == field
    with pytest.raises(Rejected, match="'c' is no NAME=NAME") as refused:
        mapping_in("a = b\nc", "columns")
    assert refused.value.field == "columns"
    with pytest.raises(Rejected, match="said twice"):
        mapping_in("a = b\na = c", "columns")


def test_an_archive_is_unpacked_beside_its_upload_and_leaves_nothing(project, store, tmp_path) -> None:
    packed = tmp_path / "a.zip"
    line = {"id": "t", "problem": {"text": "?"}, "steps": [{"text": "It.", "images": ["1.png", "2.png"]}]}
    with ZipFile(packed, "w") as archive:
        archive.writestr("data.jsonl", json.dumps(line))
        archive.writestr("1.png", a_png())
    upload = here(project, store, packed.read_bytes())
    refused = work_upload(ask_ingest(upload, store), store)
    assert (refused.report["rejected"], refused.report["errors"][0]["field"]) == (1, "steps[0].images[1]")
    upload = here(project, store, packed.read_bytes())
    kept = work_upload(ask_ingest(upload, store, options={"bad_images": "keep"}, is_dry_run=True), store)
    assert (kept.report["created"], kept.report["flaws"]) == (1, 1)
    assert kept.report["left_out_images"][0]["reason"] == "is no file below the folder of images"
    assert {path.name for path in store.content(kept).parent.iterdir()} == {"content", "progress"}
