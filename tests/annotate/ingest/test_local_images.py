from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from annotate.errors import Rejected
from annotate.ingest.actions import ingest_file
from annotate.ingest.image_drafts import MOST_BYTES
from annotate.ingest.image_entries import shown_images
from annotate.ingest.local_images import local_bytes
from annotate.ingest.options import ReadOptions
from annotate.ingest.said_options import options_from
from annotate.models import Image, Trace
from tests.factories import a_project
from tests.pictures import a_png


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with an image, beside one that nobody named, and every way that leads from the first to the second."""
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    (inside / "shots").mkdir(parents=True)
    outside.mkdir()
    (inside / "shots" / "1.png").write_bytes(a_png())
    (outside / "secret.png").write_bytes(a_png(5, 5))
    (inside / "link.png").symlink_to(outside / "secret.png")
    (inside / "way").symlink_to(outside)
    (inside / "large.png").write_bytes(bytes(MOST_BYTES + 1))
    os.mkfifo(inside / "pipe")
    return inside


def test_a_file_below_the_folder_is_read(folder: Path) -> None:
    assert local_bytes(folder, "shots/1.png", MOST_BYTES) == a_png()


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("../outside/secret.png", "no way up"),
        ("shots/../../outside/secret.png", "no way up"),
        ("/etc/hostname", "no root"),
        ("./shots/1.png", "no way up"),
        ("shots//1.png", "no way up"),
        ("", "no way up"),
        ("link.png", "is no file below"),
        ("way/secret.png", "is no file below"),
        ("shots", "is no file below"),
        ("pipe", "is no file below"),
        ("gone.png", "is no file below"),
        ("large.png", "is larger than 8 MiB"),
        ("a\\b.png", "is no path"),
        ("a\x00.png", "is no path"),
        ("a" * 501, "is no path"),
    ],
)
def test_nothing_else_is(folder: Path, name: str, told: str) -> None:
    with pytest.raises(Rejected, match=told):
        local_bytes(folder, name, MOST_BYTES)


def written(folder: Path, *images: object) -> Path:
    path = folder / "rows.jsonl"
    path.write_text(
        "\n".join(
            json.dumps(
                {"id": f"t{n}", "problem": {"text": f"P{n}"}, "steps": [{"text": "a", "images": [image]}]}
            )
            for n, image in enumerate(images)
        )
    )
    return path


@pytest.mark.django_db
def test_rows_name_images_by_file(folder: Path) -> None:
    path = written(folder, "shots/1.png", {"url": "shots/1.png", "alt": "A form"}, "way/secret.png")

    report = ingest_file(a_project(), path, format="jsonl", options=ReadOptions(images_from=folder))

    assert report.created == 2
    [bad] = report.errors
    assert (bad.line, bad.field) == (3, "steps[0].images[0]")
    assert Image.objects.count() == 1
    shown = [shown_images(trace.steps.get().meta) for trace in Trace.objects.order_by("pk")]
    assert [(one.alt, one.width, one.height) for [one] in shown] == [("", 4, 3), ("A form", 4, 3)]


@pytest.mark.django_db
def test_without_a_folder_no_file_is_opened(folder: Path) -> None:
    path = written(folder, "shots/1.png")

    assert ingest_file(a_project(), path, format="jsonl").created == 1

    assert not Image.objects.exists()
    [shown] = shown_images(Trace.objects.get().steps.get().meta)
    assert shown.address == "shots/1.png"


def test_whoever_sends_a_file_names_no_folder(folder: Path) -> None:
    with pytest.raises(Rejected, match="there is no such option") as refused:
        options_from({"images_from": str(folder)})
    assert refused.value.field == "images_from"


@pytest.mark.django_db
def test_the_command_names_the_folder(folder: Path) -> None:
    project = a_project()
    path = str(written(folder, "shots/1.png"))

    with pytest.raises(CommandError, match="There is no folder"):
        call_command("ingest", project.slug, path, images=str(folder / "gone"))
    call_command("ingest", project.slug, path, images=str(folder))

    assert Image.objects.count() == 1
