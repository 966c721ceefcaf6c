"""The page about moving here: its files, its commands, and what comes of them."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from annotate.ingest.founding import create_person
from annotate.models import Label, Trace
from tests.docs.pages import commands, write_files

PAGE = "migration.md"


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Everything the page's commands say, run in its order in a folder with its files."""
    write_files(PAGE, tmp_path)
    monkeypatch.chdir(tmp_path)
    create_person("maria")
    out = StringIO()
    for words in commands(PAGE):
        if words[:2] == ["python3", "manage.py"]:
            with contextlib.redirect_stdout(out):
                call_command(*words[2:], stdout=out)
        else:
            python, script, arrow, target = words
            assert (python, arrow) == ("python3", ">")
            with Path(target).open("w", encoding="utf-8") as file:
                subprocess.run([sys.executable, script], stdout=file, check=True, timeout=120)
    return out.getvalue()


def labels_of(project: str) -> set[tuple[str, str, str, int | None, str, str]]:
    return {
        (
            label.rater.kind,
            label.rater.name,
            label.criterion.key,
            label.step.position,
            label.value,
            label.text,
        )
        for label in Label.objects.live()
        .filter(rater__project__slug=project)
        .select_related("rater", "criterion", "step")
        if label.step is not None
    }


@pytest.mark.django_db
def test_each_export_comes_in_as_the_page_says(told: str) -> None:
    assert told.count("Nothing was written.") == 3
    assert set(Trace.objects.values_list("project__slug", "external_id")) == {
        ("moved", "label-studio-12"),
        ("argilla-moved", "rec-1"),
        ("potato-moved", "item_1"),
    }
    assert labels_of("moved") == {
        ("person", "label_studio/4", "verdict", 0, "good", ""),
        ("person", "label_studio/4", "verdict", 1, "bad", "It is 14."),
        ("judge", "label_studio/checker-2", "verdict", 1, "bad", ""),
    }
    assert labels_of("argilla-moved") == {
        ("person", "argilla/u1", "verdict", 0, "good", ""),
        ("person", "argilla/u1", "verdict", 1, "bad", ""),
        ("judge", "argilla/critic", "verdict", 1, "bad", ""),
    }
    assert labels_of("potato-moved") == {
        ("person", "potato/ann", "verdict", 0, "good", ""),
        ("person", "potato/ann", "verdict", 1, "bad", ""),
        ("person", "potato/ben", "verdict", 1, "bad", ""),
    }
