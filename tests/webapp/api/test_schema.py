from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from django.core.management import call_command
from django.test import Client

from tests.annotate.label.pair_desks import a_project_of_pairs, compared
from tests.webapp.api.clients import signed_in
from webapp.api.error_schema import ERROR

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


def test_faults_of_a_form_with_a_field_named_as_part_of_an_error_are_answered_as_documented() -> None:
    pair = compared(a_project_of_pairs(), bob="left", dora="right")
    given = {"comparison": 1, "reason": ""}
    refused = signed_in("carol").post(f"/api/pairs/{pair.pk}/return/", given, format="json")
    assert (refused.status_code, list(refused.json())) == (400, ["reason"])
    jsonschema.validate(refused.json(), ERROR)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"reason": {"why": "blank"}}, ERROR)
