"""Traces with images of every kind, as tests of releases want them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from annotate.consensus.actions import run_consensus
from annotate.ingest.actions import ingest_file
from annotate.ingest.album import BadImages
from annotate.ingest.options import ReadOptions
from annotate.models import Image, Project, Run, Trace
from tests.annotate.ingest.readers.reading import written
from tests.factories import a_project
from tests.pictures import a_data_uri, a_picture, a_png

PNG, GIF = a_data_uri(a_png()), a_data_uri(a_picture("GIF"), "image/gif")
JPEG, WEBP = (a_data_uri(a_picture(name, 60, 40), f"image/{name.lower()}") for name in ("JPEG", "WEBP"))
SAID = [{"step": 0, "rater": "ann", "value": "good"}]


class Fetching:
    """Has one picture, at one address."""

    def is_listed(self, address: str) -> bool:
        return address.endswith("/fetched.png")

    def fetch(self, address: str, seconds: float | None = None) -> bytes:
        return a_png(9, 8)


def an_illustrated_run(folder: Path) -> Run:
    """Of a trace with images in problem and steps, another of the same problem, and one without any."""
    problem: dict[str, Any] = {
        "id": "p",
        "text": f"What is ![the chart]({PNG}) of?",
        "images": [GIF],
        "meta": {"source": "book", "images_of": 2},
    }
    steps: list[Any] = [
        {
            "content": [
                {"type": "text", "text": "The page:"},
                {"type": "image_url", "image_url": {"url": JPEG}, "alt": "A [form]"},
                {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}},
            ],
            "kind": "observation",
            "meta": {"tool": "browser"},
        },
        {"text": "I look twice.\n", "tail": 1, "images": [{"data": JPEG}, {"data": WEBP, "alt": "After"}]},
        {"text": "Fetched.", "images": [{"url": "https://example.org/fetched.png", "alt": "Fetched"}]},
        {"text": "Lost.", "images": [{"data": "data:image/png;base64,aGVsbG8=", "alt": "Broken"}]},
    ]
    rows = [
        {"id": "shown", "problem": problem, "steps": steps, "labels": SAID, "meta": {"seed": 7}},
        {"id": "again", "problem": problem, "steps": ["It is red."], "labels": SAID},
        {"id": "plain", "problem": {"text": "2 + 3?"}, "steps": ["5."], "labels": SAID},
    ]
    project = a_project(slug="shown")
    options = ReadOptions(bad_images=BadImages.KEEP)
    report = ingest_file(project, written(folder, *rows), options=options, fetcher=Fetching())
    assert (report.created, report.rejected, report.flaws) == (3, 0, 1)
    return run_consensus(project, policy="majority")


def seen(project: Project, without: str = "") -> list[Any]:
    """Everything that traces hold, to the last byte of their images. ``without`` a key of their steps' meta."""
    traces = Trace.objects.filter(project=project).select_related("problem").order_by("external_id")
    images = Image.objects.filter(project=project).order_by("digest")
    return [
        *(
            (
                trace.external_id,
                trace.content_hash,
                trace.text_hash,
                trace.problem.external_id,
                trace.problem.text,
                trace.problem.content_hash,
                trace.problem.meta,
                trace.meta,
                [
                    (text, tail, kind, {key: value for key, value in meta.items() if key != without})
                    for text, tail, kind, meta in trace.steps.values_list("text", "tail", "kind", "meta")
                ],
            )
            for trace in traces
        ),
        *((one.digest, one.media_type, one.width, one.height, bytes(one.data)) for one in images),
    ]
