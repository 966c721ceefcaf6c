from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from django.test import Client

pytestmark = pytest.mark.django_db


def test_the_schema_is_valid_and_generated_without_a_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "schema.yml"))

    schema = yaml.safe_load((tmp_path / "schema.yml").read_text())
    assert capsys.readouterr().err == ""
    assert "/api/projects/{slug}/traces/" in schema["paths"]
    undescribed = [
        name
        for name, part in schema["components"]["schemas"].items()
        if name.endswith("Enum") and "enum" not in part
    ]
    assert not undescribed
    assert not [path for path, says in descriptions(schema).items() if not says or "queryset" in says]


def descriptions(schema: dict[str, Any]) -> dict[str, str]:
    return {
        f"{method} {path}": operation.get("description", "")
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    }


def test_the_reference_page_names_every_operation_and_runs_no_script():
    text = Client().get("/api/").content.decode()

    assert "/api/projects/{slug}/assignments/claim/" in text
    assert "/api/runs/{id}/completions/" in text
    assert "<script" not in text
    assert "//cdn" not in text
