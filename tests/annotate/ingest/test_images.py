from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from annotate.errors import NotAllowed
from annotate.ingest.actions import ingest_file
from annotate.ingest.album import MOST_IMAGES, BadImages
from annotate.ingest.boundaries import split_step
from annotate.ingest.image_drafts import MOST_BYTES
from annotate.ingest.image_entries import shown_images
from annotate.ingest.image_header import Header, read_header
from annotate.ingest.image_store import image_in
from annotate.ingest.options import ReadOptions
from annotate.models import Image, Trace
from tests.factories import a_project
from tests.pictures import a_data_uri, a_gif, a_picture, a_png

pytestmark = pytest.mark.django_db
PNG = a_data_uri(a_png())
GIF = a_data_uri(a_picture("GIF"), "image/gif")


def ingest(tmp_path: Path, *rows: dict[str, Any], project: Any = None) -> Any:
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows))
    return ingest_file(project or a_project(), path, format="jsonl")


def row(steps: list[Any], **problem: Any) -> dict[str, Any]:
    return {"id": "t", "problem": {"text": "What is shown?", **problem}, "steps": steps}


def test_images_come_in_with_steps_messages_and_problems(tmp_path: Path) -> None:
    content = [
        {"type": "text", "text": "The page:"},
        {"type": "image_url", "image_url": {"url": PNG}, "alt": "A form"},
        {"type": "image", "source": {"type": "base64", "media_type": "image/gif", "data": GIF.split(",")[1]}},
    ]
    report = ingest(
        tmp_path,
        row(
            [
                {"content": content, "kind": "observation"},
                {"text": "I click.", "images": [{"data": PNG, "alt": "After"}]},
                f"See ![the chart]({PNG}) again.",
                {"images": [PNG], "kind": "observation"},
            ],
            images=[GIF],
        ),
    )
    assert (report.created, report.errors) == (1, ())
    trace = Trace.objects.get()
    first, second, third, last = trace.steps.all()
    digest = image_digest_of(first)
    assert (
        first.text
        == f"The page:\n![A form](image:{digest[:16]})\n![](image:{image_digest_of(first, 1)[:16]})\n"
    )
    assert [(one.alt, one.width, one.height) for one in shown_images(first.meta)] == [
        ("A form", 4, 3),
        ("", 4, 3),
    ]
    assert (second.body, shown_images(second.meta)[0].alt) == ("I click.", "After")
    assert third.body == f"See ![the chart](image:{digest[:16]}) again."
    assert last.body == f"![](image:{digest[:16]})"
    assert len(shown_images(trace.problem.meta)) == 1
    # The same bytes are kept once.
    assert Image.objects.count() == 2
    assert digest == hashlib.sha256(a_png()).hexdigest()
    stored = Image.objects.get(digest=digest)
    assert (stored.media_type, read_header(bytes(stored.data))) == ("image/png", Header("image/png", 4, 3))


def image_digest_of(step: Any, place: int = 0) -> str:
    return str(step.meta["images"][place]["image"])


def test_the_same_file_again_changes_nothing_and_another_image_is_another_trace(tmp_path: Path) -> None:
    project = a_project()
    given = row([{"text": "a", "images": [PNG]}])
    ingest(tmp_path, given, project=project)
    assert ingest(tmp_path, given, project=project).unchanged == 1
    other = row([{"text": "a", "images": [GIF]}]) | {"id": "u"}
    assert ingest(tmp_path, other, project=project).created == 1
    two = {"id": "v", "problem": {"text": "What is shown?", "images": [GIF]}, "steps": ["a"]}
    assert ingest(tmp_path, two, project=project).created == 1
    assert project.problems.count() == 2


@pytest.mark.parametrize(
    ("image", "field", "told"),
    [
        (a_data_uri(b"<svg/>", "image/svg+xml"), "steps[0].images[0]", "is image/svg+xml; images are"),
        ("data:text/html;base64,PGI+", "steps[0].images[0]", "is text/html"),
        ("data:image/png,abc", "steps[0].images[0]", "must be in base64"),
        ("data:image/png;base64,@@@", "steps[0].images[0]", "is not base64"),
        (a_data_uri(b"<svg/>"), "steps[0].images[0]", "is no png, jpeg, webp or gif"),
        (a_data_uri(a_gif()), "steps[0].images[0]", "says it is image/png and is image/gif"),
        (a_data_uri(a_gif(), "image/gif"), "steps[0].images[0]", "cannot be unpacked"),
        (a_data_uri(a_png()[:-30]), "steps[0].images[0]", "cannot be unpacked"),
        (a_data_uri(a_png(50_000, 50_000, pixels=False)), "steps[0].images[0]", "50,000 by 50,000 pixels"),
        ({"data": a_data_uri(bytes(MOST_BYTES + 10))}, "steps[0].images[0].data", "is larger than 8 MiB"),
        ({"data": PNG, "url": "https://x"}, "steps[0].images[0]", "either data or url"),
        (7, "steps[0].images[0]", "must be an object"),
    ],
)
def test_a_hostile_image_refuses_its_row_and_names_the_field(
    tmp_path: Path, image: Any, field: str, told: str
) -> None:
    report = ingest(tmp_path, row([{"text": "a", "images": [image]}]))
    [bad] = report.errors
    assert (bad.line, bad.field) == (1, field)
    assert told in bad.reason
    assert not Image.objects.exists()
    assert not Trace.objects.exists()


def test_what_a_model_wrote_about_a_broken_image_stays_its_words(tmp_path: Path) -> None:
    text = f"![x]({a_data_uri(b'<svg/>')}) and ![y](data:image/svg+xml;base64,PHN2Zy8+) and ![z](https://e.org/i.png)"
    assert ingest(tmp_path, row([text])).created == 1
    step = Trace.objects.get().steps.get()
    assert (step.text, step.meta) == (text, {})


def test_an_image_from_afar_is_an_address_and_nothing_else(tmp_path: Path) -> None:
    url = "https://example.org/a.png"
    ingest(tmp_path, row([{"text": "a", "images": [{"url": url, "alt": "A cat"}]}]))
    [shown] = shown_images(Trace.objects.get().steps.get().meta)
    assert (shown.address, shown.digest, shown.alt) == (url, "", "A cat")
    assert not Image.objects.exists()


@pytest.mark.parametrize(
    "meta", [None, [], {"images": 3}, {"images": [3, {"image": "../x"}, {"image": "a" * 64, "width": "1"}]}]
)
def test_other_meta_is_no_image(meta: Any) -> None:
    assert shown_images(meta) == []


def test_an_image_is_found_through_its_own_trace_alone(tmp_path: Path) -> None:
    project = a_project()
    rows = [row([{"text": "a", "images": [PNG]}]), row([{"text": "b", "images": [GIF]}]) | {"id": "u"}]
    ingest(tmp_path, *rows, project=project)
    one, other = Trace.objects.order_by("pk")
    digest = image_digest_of(one.steps.get())
    assert image_in(one, digest).media_type == "image/png"
    with pytest.raises(NotAllowed):
        image_in(other, digest)


def test_a_split_gives_each_part_its_images(tmp_path: Path) -> None:
    ingest(tmp_path, row([f"One ![a]({PNG}). Two ![b]({GIF})."]))
    trace = Trace.objects.get()
    step = trace.steps.get()
    first, second = split_step(trace, step, step.text.index("Two"))
    assert [one.alt for one in shown_images(first.meta)] == ["a"]
    assert [one.alt for one in shown_images(second.meta)] == ["b"]


def test_a_row_is_refused_for_a_bad_image_unless_it_should_be_kept_without(tmp_path: Path) -> None:
    bad = "data:image/png;base64,aGVsbG8="
    given = row(
        [
            {"text": "I look.", "images": [PNG, {"data": bad, "alt": "A [form]"}]},
            {"content": [{"type": "image_url", "image_url": {"url": bad}}], "kind": "observation"},
        ]
    )
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(given))
    refused = ingest_file(a_project(), path)
    assert [(error.line, error.field) for error in refused.errors] == [(1, "steps[0].images[1].data")]
    assert refused.flaws == 0
    project = a_project()
    keeping = ReadOptions(bad_images=BadImages.KEEP)
    kept = ingest_file(project, path, options=keeping)
    assert (kept.created, kept.rejected, kept.flaws) == (1, 0, 2)
    assert [(one.line, one.field, one.reason) for one in kept.left_out_images] == [
        (1, "steps[0].images[1].data", "is no png, jpeg, webp or gif"),
        (1, "steps[1].content[0].image_url.url", "is no png, jpeg, webp or gif"),
    ]
    first, second = Trace.objects.get().steps.all()
    assert [(bool(one.digest), one.alt, one.missing) for one in shown_images(first.meta)] == [
        (True, "", ""),
        (False, "A [form]", "is no png, jpeg, webp or gif"),
    ]
    assert second.text == "![](image:missing)\n"
    again = ingest_file(project, path, options=keeping)
    assert (again.unchanged, again.flaws) == (1, 2)


def test_too_many_images_cost_their_row_either_way(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(row([{"text": "All.", "images": ["data:,"] * (MOST_IMAGES + 1)}])))
    report = ingest_file(a_project(), path, options=ReadOptions(bad_images=BadImages.KEEP))
    assert (report.created, report.rejected, report.flaws) == (0, 1, 0)
