from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from annotate.consensus.actions import run_consensus
from annotate.export import pictures
from annotate.export.actions import export_run
from annotate.ingest.actions import ingest_file
from annotate.ingest.album import BadImages
from annotate.ingest.options import ReadOptions
from annotate.models import Image, ImageAddress, Step, Trace
from tests.annotate.export.illustrated import an_illustrated_run, seen
from tests.annotate.export.published import rows_of
from tests.factories import a_project
from tests.paths import REPOSITORY

pytestmark = pytest.mark.django_db
SCHEMA = json.loads((REPOSITORY / "docs/schema/trace.schema.json").read_text())


def out(run: Any, folder: Path, **settings: Any) -> tuple[Path, dict[str, Any]]:
    manifest = export_run(run, folder / "out", format="jsonl", settings=settings)
    return folder / "out/data/train.jsonl", manifest["counts"]


def test_images_go_out_and_come_in_to_the_last_byte(tmp_path: Path) -> None:
    run = an_illustrated_run(tmp_path)
    file, counts = out(run, tmp_path, with_meta=True)
    # Eight places in the first trace, one of which shows what was left out when it came in, and two in the second.
    assert (counts["images_written"], counts["images_left_out"]) == (10, 0)
    for row in rows_of(file):
        jsonschema.validate(row, SCHEMA)
    again = a_project()
    report = ingest_file(again, file)
    assert (report.created, report.errors) == (3, ())
    assert seen(again) == seen(run.project)
    # And into the project they came from, of which they are the same.
    back = ingest_file(run.project, file)
    assert (back.unchanged, back.errors) == (3, ())


def test_a_table_of_steps_brings_them_back_too(tmp_path: Path) -> None:
    run = an_illustrated_run(tmp_path)
    export_run(run, tmp_path / "out", format="parquet", settings={"with_meta": True})
    again = a_project()
    report = ingest_file(again, tmp_path / "out/data/steps.parquet")
    assert (report.format, report.created, report.errors) == ("steps", 3, ())
    # Beside what the table says of each decision.
    assert seen(again, without="release") == seen(run.project)
    back = ingest_file(run.project, tmp_path / "out/data/steps.parquet")
    assert (back.created, back.errors) == (0, ())
    assert seen(run.project, without="release") == seen(again, without="release")


def test_out_again_is_the_same_file(tmp_path: Path) -> None:
    file, _ = out(an_illustrated_run(tmp_path), tmp_path, with_meta=True)
    again = a_project()
    ingest_file(again, file)
    second, _ = out(run_consensus(again, policy="majority"), tmp_path / "second", with_meta=True)
    assert second.read_text() == file.read_text()


def test_images_may_stay_at_home(tmp_path: Path) -> None:
    file, counts = out(an_illustrated_run(tmp_path), tmp_path, with_images=False)
    assert (counts["images_written"], counts["images_left_out"]) == (0, 10)
    assert "data:image" not in file.read_text()
    assert '"images"' not in file.read_text()


def test_what_finds_no_room_keeps_its_name_and_is_counted(tmp_path: Path, monkeypatch: Any) -> None:
    run = an_illustrated_run(tmp_path)
    jpeg = Image.objects.get(media_type="image/webp", digest=_digest_of("A [form]"))
    # Room for all but this one, which stands in the row twice.
    total = sum(4 * ((len(one.data) + 2) // 3) + 40 for one in Image.objects.all())
    monkeypatch.setattr(pictures, "ROOM", total)
    file, counts = out(run, tmp_path)
    assert counts["images_left_out"] > 0
    lost = [
        image
        for row in rows_of(file)
        for step in row["steps"]
        for image in step.get("images", [])
        if "digest" in image and "data" not in image
    ]
    assert lost
    assert {image["digest"] for image in lost} <= set(Image.objects.values_list("digest", flat=True))
    report = ingest_file(a_project(), file)
    assert report.rejected == 1
    assert "comes without its bytes" in report.errors[0].reason
    keeping = ingest_file(a_project(), file, options=ReadOptions(bad_images=BadImages.KEEP))
    assert (keeping.rejected, keeping.flaws) == (0, len(lost))
    assert jpeg.width == 60


def _digest_of(alt: str) -> str:
    step = Step.objects.get(trace__external_id="shown", position=0)
    return str(next(one["image"] for one in step.meta["images"] if one.get("alt") == alt))


def test_what_was_fetched_goes_out_with_its_address_by_which_no_other_row_gets_it(tmp_path: Path) -> None:
    run = an_illustrated_run(tmp_path)
    file, _ = out(run, tmp_path)
    (fetched,) = (
        image
        for row in rows_of(file)
        for step in row["steps"]
        for image in step.get("images", [])
        if image.get("alt") == "Fetched"
    )
    assert fetched.keys() == {"digest", "data", "url", "alt"}
    again = a_project()
    assert ingest_file(again, file).rejected == 0
    entry = Step.objects.get(trace__project=again, text__startswith="Fetched.").meta["images"][0]
    assert (entry["image"], entry["address"]) == (fetched["digest"], "https://example.org/fetched.png")
    assert ImageAddress.objects.filter(project=run.project).count() == 1
    assert not ImageAddress.objects.filter(project=again).exists()


def test_somebodys_own_images_in_meta_are_meta(tmp_path: Path) -> None:
    run = an_illustrated_run(tmp_path)
    plain = Trace.objects.get(external_id="plain")
    plain.steps.update(meta={"images": ["a.png"], "n": 1})
    file, _ = out(run, tmp_path, with_meta=True)
    row = next(row for row in rows_of(file) if row["id"] == "plain")
    assert row["steps"][0]["meta"] == {"images": ["a.png"], "n": 1}
    assert "images" not in row["steps"][0]
