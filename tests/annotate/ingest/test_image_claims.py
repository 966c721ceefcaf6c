"""Digests that rows say of images whose first bytes they do not hold."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from annotate.ingest.actions import ingest_file
from annotate.ingest.album import BadImages
from annotate.ingest.image_entries import shown_images
from annotate.ingest.options import ReadOptions
from annotate.models import Image, Trace
from tests.annotate.ingest.readers.reading import written
from tests.factories import a_project
from tests.pictures import a_data_uri, a_picture, a_png

pytestmark = pytest.mark.django_db
TRUE, OTHER, LARGER = a_png(), a_picture("PNG"), a_png(8, 8)
DIGEST = hashlib.sha256(TRUE).hexdigest()


def row(name: str, image: bytes, digest: str = "") -> dict[str, Any]:
    said = {"data": a_data_uri(image)} | ({"digest": digest} if digest else {})
    return {"id": name, "problem": {"text": "What?"}, "steps": [{"text": name, "images": [said]}]}


def ingest(folder: Path, *rows: dict[str, Any], project: Any) -> Any:
    return ingest_file(project, written(folder, *rows))


def test_a_claim_is_taken_where_nothing_is_known(tmp_path: Path) -> None:
    report = ingest(tmp_path, row("a", OTHER, DIGEST), project=a_project())
    assert (report.created, report.errors) == (1, ())
    assert [one.digest for one in shown_images(Trace.objects.get().steps.get().meta)] == [DIGEST]
    assert Image.objects.get().digest == DIGEST


def test_a_claim_changes_no_image_that_is_here(tmp_path: Path) -> None:
    project = a_project()
    ingest(tmp_path, row("a", TRUE), project=project)
    kept = bytes(Image.objects.get().data)
    report = ingest(tmp_path, row("b", OTHER, DIGEST), project=project)
    assert (report.created, bytes(Image.objects.get().data)) == (1, kept)


def test_bytes_of_that_digest_take_the_place_of_a_claim(tmp_path: Path) -> None:
    project = a_project()
    ingest(tmp_path, row("a", OTHER, DIGEST), project=project)
    claimed = bytes(Image.objects.get().data)
    ingest(tmp_path, row("b", TRUE), project=project)
    there = bytes(Image.objects.get().data)
    assert there != claimed
    elsewhere = a_project()
    # In one batch as well, whichever comes first.
    ingest(tmp_path, row("a", OTHER, DIGEST), row("b", TRUE), project=elsewhere)
    assert bytes(Image.objects.get(project=elsewhere).data) == there


@pytest.mark.parametrize("is_one_file", [True, False])
def test_a_claim_of_another_size_refuses_its_row(tmp_path: Path, is_one_file: bool) -> None:
    project = a_project()
    if not is_one_file:
        ingest(tmp_path, row("a", TRUE), project=project)
    report = ingest(tmp_path, row("b", LARGER, DIGEST), row("a", TRUE), project=project)
    (bad,) = report.errors
    assert (bad.line, bad.field) == (1, "images")
    told = f"says that it is {DIGEST[:16]}, an image of 4 by 3 pixels, and has 8 by 8"
    assert bad.reason == told
    assert list(Trace.objects.values_list("external_id", flat=True)) == ["a"]


def test_the_second_of_two_claims_that_differ_is_refused(tmp_path: Path) -> None:
    report = ingest(tmp_path, row("a", LARGER, DIGEST), row("b", OTHER, DIGEST), project=a_project())
    assert [(bad.line, bad.field) for bad in report.errors] == [(2, "images")]


def test_a_claim_without_bytes_is_no_image(tmp_path: Path) -> None:
    given = row("a", TRUE)
    given["steps"][0]["images"] = [{"digest": DIGEST, "alt": "A form"}]
    (bad,) = ingest(tmp_path, given, project=a_project()).errors
    assert (bad.field, bad.reason) == (
        "steps[0].images[0].data",
        "comes without its bytes, which were too large for the row",
    )
    keeping = ReadOptions(bad_images=BadImages.KEEP)
    report = ingest_file(a_project(), written(tmp_path, given), options=keeping)
    assert (report.created, report.flaws) == (1, 1)
