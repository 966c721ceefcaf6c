"""Files whose rows name images by address, from a real server: by every way in, twice, and where the server is down."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from django.core.management import call_command
from django.db import connection

from annotate.enums import UploadState
from annotate.errors import Rejected
from annotate.ingest import remote_images
from annotate.ingest.actions import ingest_file
from annotate.ingest.album import BadImages
from annotate.ingest.boundaries import split_step
from annotate.ingest.image_entries import shown_images
from annotate.ingest.image_header import read_header
from annotate.ingest.image_hosts import image_hosts_from
from annotate.ingest.image_store import image_in
from annotate.ingest.looking import look_at
from annotate.ingest.options import PLAIN, ReadOptions
from annotate.ingest.said_options import options_from
from annotate.ingest.uploads import add_piece, ask_ingest, begin_upload
from annotate.models import Image, ImageAddress, Project, Step, Trace, Upload
from tests.factories import a_label, a_project, a_rater
from tests.pictures import a_data_uri, a_picture, a_png
from tests.webapp.api.clients import signed_in
from tests.workers.outside import PictureServer, a_picture_server
from tests.workers.serving import sent
from webapp.templatetags.images import images
from webapp.templatetags.questions import problem_text, step_text
from workers.pictures import Pictures
from workers.tasks.ingest import store, work_file

pytestmark = pytest.mark.django_db
PNG = a_png()
JPEG = a_picture("JPEG")
KEEPING = ReadOptions(bad_images=BadImages.KEEP)


@pytest.fixture
def server(settings: Any) -> Iterator[PictureServer]:
    settings.IMAGE_HOSTS = ["127.0.0.1"]
    with a_picture_server() as server:
        server.shows |= {"/a.png": sent(PNG), "/b.jpg": sent(JPEG)}
        yield server


def asking() -> Pictures:
    return Pictures(image_hosts_from(["127.0.0.1"]))


def row(name: str, *addresses: Any, problem: Any = None) -> dict[str, Any]:
    about = {"text": f"What does {name} show?"} | ({"images": [problem]} if problem else {})
    return {"id": name, "problem": about, "steps": [{"text": "I look.", "images": list(addresses)}, "A cat."]}


def written(folder: Path, *rows: Any, name: str = "rows.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(json.dumps(one) + "\n" for one in rows))
    return path


def ingest(path: Path, project: Project, options: ReadOptions = PLAIN, **how: Any) -> Any:
    return ingest_file(project, path, options=options, **{"fetcher": asking(), **how})


def first_step(name: str = "t") -> Step:
    return Trace.objects.get(external_id=name).steps.get(position=0)


def meta_of(name: str = "t") -> Any:
    return first_step(name).meta["images"]


def test_it_is_stored_anew_and_shown_by_its_digest_like_any_other(
    server: PictureServer, tmp_path: Path
) -> None:
    project, address = a_project(), server.at("/b.jpg")
    path = written(tmp_path, row("t", {"url": address, "alt": "A cat"}, problem=server.at("/a.png")))
    report = ingest(path, project)
    assert (report.created, report.errors) == (1, ())
    digest = hashlib.sha256(JPEG).hexdigest()
    assert meta_of() == [{"address": address, "image": digest, "width": 4, "height": 3, "alt": "A cat"}]
    trace = Trace.objects.get()
    stored = image_in(trace, digest)
    # Written anew: a photograph as webp, whatever else it carried left behind.
    assert read_header(bytes(stored.data)).media_type == stored.media_type == "image/webp"
    assert bytes(stored.data) != JPEG
    page = images(first_step(), trace)
    assert f"/traces/{trace.pk}/images/{digest}/" in page
    assert address not in page
    [pictured] = shown_images(trace.problem.meta)
    assert pictured.digest == hashlib.sha256(PNG).hexdigest()
    assert Image.objects.count() == ImageAddress.objects.count() == 2


def test_a_host_that_is_not_listed_is_not_asked(server: PictureServer, tmp_path: Path) -> None:
    address = server.at("/a.png", "localhost")
    assert ingest(written(tmp_path, row("t", address)), a_project()).created == 1
    assert meta_of() == [{"address": address}]
    assert "not fetched" in images(first_step(), Trace.objects.get())
    # Nor is any, where there is nobody to ask.
    address = server.at("/a.png")
    ingest(written(tmp_path, row("u", address)), a_project(), fetcher=None)
    assert meta_of("u") == [{"address": address}]
    assert server.asked == []


def test_the_same_address_is_asked_once_by_a_file_and_once_for_a_project(
    server: PictureServer, tmp_path: Path
) -> None:
    address, gone = server.at("/a.png"), server.at("/gone.png")
    many = written(tmp_path, *(row(f"t{n}", address, address) for n in range(40)), row("bad", gone, gone))
    project = a_project()
    assert (ingest(many, project).created, server.paths) == (40, ["/a.png", "/gone.png"])
    # Bringing the same file in twice changes nothing, and asks only for what was not to be had.
    again = ingest(many, project)
    assert (again.unchanged, again.created, again.updated, again.rejected) == (40, 0, 0, 1)
    assert server.paths == ["/a.png", "/gone.png", "/gone.png"]
    # Another project asks for itself, and a file that keeps its rows no more often for what is not there.
    assert ingest(many, a_project(), KEEPING).flaws == 2
    assert server.paths[3:] == ["/a.png", "/gone.png"]
    assert Image.objects.filter(project=project).count() == 1


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/gone.png", "could not be fetched: 127.0.0.1 answers 404"),
        ("/page.png", "is no png, jpeg, webp or gif"),
        ("/drawing.svg", "is no png, jpeg, webp or gif"),
        ("/empty.png", "is no png, jpeg, webp or gif"),
        ("/half.png", "cannot be unpacked"),
        ("/bomb.png", "50,000 by 50,000 pixels"),
        ("/packed.png", "is no png, jpeg, webp or gif"),
    ],
)
def test_what_is_no_image_refuses_its_row_or_is_left_out(
    server: PictureServer, tmp_path: Path, path: str, told: str
) -> None:
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    server.shows |= {
        "/page.png": sent(b"<!doctype html><title>Sign in</title>", Content_Type="image/png"),
        "/drawing.svg": sent(svg, Content_Type="image/svg+xml"),
        "/empty.png": sent(b""),
        "/half.png": sent(PNG[:-30]),
        "/bomb.png": sent(a_png(50_000, 50_000, pixels=False)),
        # Nobody asked for it to be packed, and nothing unpacks it.
        "/packed.png": sent(b"\x1f\x8b" + PNG, Content_Encoding="gzip"),
    }
    address = server.at(path)
    file = written(tmp_path, row("t", {"url": address, "alt": "A cat"}))
    [bad] = ingest(file, a_project()).errors
    assert (bad.line, bad.field) == (1, "steps[0].images[0].url")
    assert told in bad.reason
    assert not Trace.objects.exists()
    kept = ingest(file, a_project(), KEEPING)
    assert (kept.created, kept.rejected, kept.flaws) == (1, 0, 1)
    [flaw] = kept.left_out_images
    assert (flaw.line, flaw.field) == (1, "steps[0].images[0].url")
    assert meta_of() == [{"address": address, "missing": flaw.reason, "alt": "A cat"}]
    assert "An image stood here that could not be taken" in images(first_step(), Trace.objects.get())
    assert not Image.objects.exists()


def test_a_host_that_was_down_gives_its_images_later_and_labels_stay(
    server: PictureServer, tmp_path: Path
) -> None:
    """As does one that was not listed, or was no image then: what is known of a row does not hang on the weather."""
    project, address = a_project(), server.at("/a.png")
    parts = [{"type": "text", "text": "The page:"}, {"type": "image_url", "image_url": {"url": address}}]
    path = written(
        tmp_path,
        {"id": "t", "problem": {"text": "P", "images": [address]}, "steps": [{"content": parts}, "A cat."]},
    )
    server.shows["/a.png"] = sent(b"", 503)
    assert ingest(path, project, fetcher=None).created == 1
    before = Trace.objects.get()
    assert first_step().text == f"The page:\n![]({address})\n"
    label = a_label(a_rater(project), first_step(), "good")
    # Listed, and down: refused as a whole, or kept with the reason.
    assert ingest(path, project).rejected == 1
    assert (kept := ingest(path, project, KEEPING)).updated == 1
    assert kept.flaws == 2
    assert meta_of()[0]["missing"] == "could not be fetched: 127.0.0.1 answers 503"
    server.shows["/a.png"] = sent(PNG)
    later = ingest(path, project)
    assert (later.updated, later.rejected) == (1, 0)
    digest = hashlib.sha256(PNG).hexdigest()
    entry = {"address": address, "image": digest, "width": 4, "height": 3}
    assert meta_of() == Trace.objects.get().problem.meta["images"] == [entry]
    after = Trace.objects.get()
    assert (after.content_hash, after.boundary_version) == (before.content_hash, before.boundary_version)
    label.refresh_from_db()
    assert label.step == first_step()
    # Down once more, on no list any more, or another picture there: what was judged is what was there.
    asked = len(server.asked)
    server.shows["/a.png"] = sent(JPEG)
    for fetcher in (asking(), None):
        assert ingest(path, project, fetcher=fetcher).unchanged == 1
        assert meta_of() == [entry]
    assert len(server.asked) == asked
    assert project.traces.count() == project.problems.count() == 1


def test_the_same_words_about_another_address_are_another_problem(
    server: PictureServer, tmp_path: Path
) -> None:
    """Whether it is fetched or not: a table asks one question of many pictures."""
    server.shows |= {f"/{n}.png": sent(a_png(4 + n)) for n in range(3)}
    for fetcher in (None, asking()):
        project = a_project()
        rows = [
            {"problem": "What is this?", "text": "A cat.", "image": server.at(f"/{n}.png")} for n in range(3)
        ]
        options = ReadOptions(columns={"images": "image"})
        path = written(tmp_path, *rows)
        report = ingest(path, project, options, fetcher=fetcher)
        assert (report.format, report.created, report.errors) == ("table", 3, ())
        assert project.problems.count() == 3
        assert ingest(path, project, options, fetcher=fetcher).unchanged == 3
    widths = [shown_images(one.meta)[0].width for one in project.problems.order_by("pk")]
    assert widths == [4, 5, 6]
    # Listed later, the rows of the first project are the same traces.
    first = Project.objects.order_by("pk")[0]
    assert ingest(path, first, options).updated == 3


def test_readers_of_other_formats_fetch_as_well(server: PictureServer, tmp_path: Path) -> None:
    address = server.at("/a.png")
    shown = {"type": "image_url", "image_url": {"url": address}}
    messages = [
        {"role": "user", "content": [{"type": "text", "text": "What is this?"}, shown]},
        {"role": "assistant", "content": "A cat."},
    ]
    task = {"id": 1, "data": {"problem": "What?", "text": "A cat.", "picture": address}, "annotations": []}
    pair = {
        "prompt": messages[:1],
        "chosen": messages[1:],
        "rejected": [{"role": "assistant", "content": "No."}],
    }
    told = ReadOptions(columns={"images": "picture"})
    for format, given, options in (
        ("openai_messages", {"messages": messages}, PLAIN),
        ("label_studio", task, told),
        ("preference", pair, PLAIN),
    ):
        project = a_project()
        report = ingest(written(tmp_path, given), project, options, format=format)
        assert (report.created > 0, report.errors) == (True, ()), format
        for problem in project.problems.all():
            [found] = shown_images(problem.meta)
            assert (found.digest, found.address) == (hashlib.sha256(PNG).hexdigest(), address)
        assert Image.objects.get(project=project).width == 4


def test_where_it_stands_in_a_text_a_word_does(server: PictureServer, tmp_path: Path) -> None:
    """Of a text that a page sets; raw it is as it came."""
    first, second, other = (
        server.at("/a.png"),
        server.at("/b.jpg(1)"),
        "https://example.org/model-wrote-this.png",
    )
    parts = [
        {"type": "text", "text": f"Compare ![mine]({other}) with"},
        {"type": "image_url", "image_url": {"url": first}, "alt": "A [form]"},
        {"type": "image_url", "image_url": {"url": second}},
    ]
    server.shows["/b.jpg(1)"] = sent(JPEG)
    ingest(
        written(tmp_path, {"id": "t", "problem": {"content": parts}, "steps": [{"content": parts}]}),
        a_project(),
    )
    trace = Trace.objects.get()
    for page in (step_text(first_step(), False), problem_text(trace.problem, False)):
        assert "[Image: A [form)]" in page
        assert "[Image]" in page
        assert first not in page
        assert second not in page
        # What a model wrote about another image is no image of this step.
        assert f'!<a href="{other}"' in page
    assert f"![A [form)]({first})" in step_text(first_step(), True)


def test_a_markdown_image_at_an_address_stays_the_words_it_is(server: PictureServer, tmp_path: Path) -> None:
    text = f"See ![it]({server.at('/a.png')})."
    given = {"id": "t", "problem": {"text": "P"}, "steps": [text]}
    ingest(written(tmp_path, given), a_project())
    assert (first_step().text, first_step().meta, server.asked) == (text, {}, [])


def test_a_split_gives_each_part_the_images_it_names(server: PictureServer, tmp_path: Path) -> None:
    parts: list[dict[str, Any]] = []
    for path in ("/a.png", "/b.jpg"):
        parts += [
            {"type": "text", "text": "Look:"},
            {"type": "image_url", "image_url": {"url": server.at(path)}},
        ]
    ingest(
        written(tmp_path, {"id": "t", "problem": {"text": "P"}, "steps": [{"content": parts}]}), a_project()
    )
    step = first_step()
    first, second = split_step(step.trace, step, step.text.rindex("Look:"))
    assert [one.address for one in shown_images(first.meta)] == [server.at("/a.png")]
    assert [one.address for one in shown_images(second.meta)] == [server.at("/b.jpg")]


def test_images_beside_data_in_an_archive_and_at_addresses_come_together(
    server: PictureServer, tmp_path: Path
) -> None:
    with ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("data.jsonl", json.dumps(row("t", "1.png", server.at("/b.jpg"), a_data_uri(PNG))))
        archive.writestr("1.png", PNG)
    ingest(tmp_path / "a.zip", a_project())
    assert [len(entry.get("image", "")) for entry in meta_of()] == [64, 64, 64]
    assert Image.objects.count() == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("how", [{"is_dry_run": True}, {"is_strict": True}])
def test_no_transaction_waits_for_another_server(
    server: PictureServer, tmp_path: Path, how: dict[str, bool]
) -> None:
    class Watching(Pictures):
        def fetch(self, address: str, seconds: float | None = None) -> bytes:
            assert not connection.in_atomic_block
            return super().fetch(address, seconds)

    path = written(tmp_path, *(row(f"t{n}", server.at("/a.png"), server.at("/b.jpg")) for n in range(3)))
    report = ingest(path, a_project(), fetcher=Watching(image_hosts_from(["127.0.0.1"])), **how)
    assert (report.created, report.rejected, report.is_written) == (3, 0, "is_strict" in how)
    assert server.paths == ["/a.png", "/b.jpg"]
    assert Image.objects.count() == (2 if "is_strict" in how else 0)


def test_what_waits_is_bounded_and_asked_for_again_where_it_had_to_go(
    server: PictureServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.shows |= {f"/{n}.png": sent(a_png(20, 20 + n)) for n in range(4)}
    path = written(tmp_path, *(row(f"t{n % 4}-{n}", server.at(f"/{n % 4}.png")) for n in range(8)))
    monkeypatch.setattr(remote_images, "MOST_HELD", 1)
    assert ingest(path, a_project()).created == 8
    assert len(server.asked) == 8
    del server.asked[:]
    monkeypatch.undo()
    # As if the disk were full.
    monkeypatch.setattr(remote_images, "KEPT_FREE", 2**62)
    assert ingest(path, a_project()).created == 8
    assert len(server.asked) == 8


def test_the_command_fetches_and_its_preview_does_not(
    server: PictureServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = a_project()
    path = written(tmp_path, row("t", server.at("/a.png")), row("u", server.at("/gone.png")))
    call_command("ingest", project.slug, str(path), preview=2)
    look_at(path)
    assert server.asked == []
    call_command("ingest", project.slug, str(path))
    assert "steps[0].images[0]: could not be fetched: 127.0.0.1 answers 404" in capsys.readouterr().out
    assert Image.objects.count() == 1
    call_command("ingest", project.slug, str(path), bad_images="keep")
    assert "line 2, steps[0].images[0]: the image could not be fetched" in capsys.readouterr().out


def test_a_worker_fetches_for_an_upload_and_can_be_stopped_between_two_images(
    server: PictureServer, tmp_path: Path
) -> None:
    project = a_project()

    def begun() -> Upload:
        content = written(tmp_path, *(row(f"t{n}", server.at(f"/{n}.png")) for n in range(5))).read_bytes()
        upload = begin_upload(project, None, store(), name="rows.jsonl", size=len(content))
        return ask_ingest(add_piece(upload, store(), offset=0, body=BytesIO(content)), store())

    stopping = begun()

    def stop(handler: BaseHTTPRequestHandler) -> None:
        store().ask_stop(stopping)
        sent(PNG)(handler)

    server.shows |= {f"/{n}.png": sent(PNG) for n in range(5)} | {"/1.png": stop}
    work_file(upload_id=stopping.pk)
    stopping.refresh_from_db()
    assert (stopping.state, server.paths) == (UploadState.CANCELLED, ["/0.png", "/1.png"])
    server.shows["/1.png"] = sent(PNG)
    upload = begun()
    work_file(upload_id=upload.pk)
    upload.refresh_from_db()
    assert (upload.state, upload.report["created"]) == (UploadState.DONE, 5)
    assert ImageAddress.objects.filter(project=project).count() == 5
    assert Image.objects.count() == 1


def test_a_request_fetches_too_and_not_without_end(
    server: PictureServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = a_project(slug="cats")
    api, address = signed_in("alice"), "/api/projects/cats/traces/"
    made = api.post(address, [row("t", server.at("/a.png"))], format="json")
    assert (made.status_code, made.data["created"]) == (200, 1)
    assert meta_of()[0]["width"] == 4
    monkeypatch.setattr("webapp.api.viewsets.ingest.MOST_FETCHING", 0.0)
    late = api.post(address, [row("u", server.at("/b.jpg")), row("v", server.at("/a.png"))], format="json")
    assert (late.data["created"], late.data["rejected"]) == (1, 1)
    [error] = late.data["errors"]
    assert (error["line"], error["field"]) == (1, "steps[0].images[0]")
    assert "upload it as a file" in error["reason"]
    assert server.paths == ["/a.png"]
    assert project.traces.count() == 2


def test_nobody_sends_along_who_fetches() -> None:
    with pytest.raises(Rejected, match="there is no such option"):
        options_from({"afar": "x"})
