"""The notebook of docs/ runs from its first cell to its last against a real server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pytest_django.live_server_helper import LiveServer

from annotate.enums import Role
from annotate.models import Trace
from tests.factories import a_project
from tests.paths import REPOSITORY
from tests.workers.hub.stand_in import TOKEN, a_hub
from workers.celery import app

pytestmark = [
    pytest.mark.django_db(transaction=True),
    # The Hub's client hands files over by a name that its HTTP client no longer likes.
    pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning"),
]


def test_every_cell_runs(
    live_server: LiveServer, monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path
) -> None:
    settings.RELEASES_DIR = tmp_path / "releases"
    monkeypatch.setitem(app.conf, "task_always_eager", True)
    a_project(slug="sums", carol=Role.MANAGER)
    for name, value in {"URL": live_server.url, "USER": "carol", "PASSWORD": "carol-carol"}.items():
        monkeypatch.setenv(f"GRADUS_{name}", value)
    book = json.loads((REPOSITORY / "docs" / "client.ipynb").read_text())
    seen: dict[str, Any] = {}
    with a_hub(tmp_path / "hub") as hub:
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        settings.HUB_ENDPOINT = hub.url
        for cell in book["cells"]:
            if cell["cell_type"] == "code":
                exec("".join(cell["source"]), seen)
        pushed = hub.content("alice/sums")
    assert Trace.objects.count() == 20
    assert len(seen["labels"]) == 40
    assert seen["machine"].state == "done"
    # Every fifth sum is one too many.
    assert seen["verdicts"]["value"].value_counts()["bad"] == 4
    assert len(seen["steps"]) > 0
    assert pushed["data/steps.parquet"] == (seen["files"] / "data" / "steps.parquet").read_bytes()
