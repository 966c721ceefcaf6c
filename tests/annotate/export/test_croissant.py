"""Held against the rules of the specification 1.1; mlcroissant itself is no dependency."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from annotate.export.actions import export_run
from annotate.export.registry import FORMATS
from tests.annotate.export.decided import a_decided_project

pytestmark = pytest.mark.django_db

TYPES = {"sc:Text", "sc:Integer", "sc:Float", "sc:Boolean"}
NEEDED = {"soft_labels": {"without": "certain"}}


@pytest.mark.parametrize("name", sorted(n for n, f in FORMATS.items() if f.reads == "consensus"))
def test_every_format_has_a_document_that_keeps_to_the_rules(tmp_path, name):
    decided = a_decided_project(whole=("ggg", "ggg"), wrong=("gb-", "gb-"))
    settings = {
        "licence": "cc-by-4.0",
        "source_licences": ["GSM8K: MIT"],
        "homepage": "https://data.example/sums",
        **NEEDED.get(name, {}),
    }

    export_run(decided.run, tmp_path / "out", format=name, settings=settings)

    document = json.loads((tmp_path / "out/croissant.json").read_text())
    check(document, tmp_path / "out")
    assert document["license"] == "https://spdx.org/licenses/cc-by-4.0"
    assert document["url"] == "https://data.example/sums"
    assert document["rai:dataCollection"] == "Problems and traces from: GSM8K: MIT"
    assert "Archer" not in json.dumps(document)
    assert document["rai:machineAnnotationTools"] == ["person-002 (simulated person)"]


def check(document: dict[str, Any], folder: Path) -> None:
    assert document["@type"] == "sc:Dataset"
    assert "http://mlcommons.org/croissant/1.1" in document["conformsTo"]
    for key in ("@context", "name", "description", "license", "creator", "datePublished", "distribution"):
        assert document[key], key
    # Every word is one of schema.org's, one that the context explains, or one with a known prefix.
    for key in document:
        prefix = key.partition(":")[0] if ":" in key else ""
        assert not prefix or prefix in document["@context"], key
    ids: list[str] = []
    for file in document["distribution"]:
        assert file["@type"] == "cr:FileObject"
        assert {"@id", "name", "contentUrl", "encodingFormat", "sha256"} <= set(file)
        content = (folder / file["contentUrl"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == file["sha256"]
        ids.append(file["@id"])
    files = set(ids)
    for records in document["recordSet"]:
        assert records["@type"] == "cr:RecordSet"
        ids.append(records["@id"])
        columns = columns_of(folder, records)
        assert {field["source"]["extract"]["column"] for field in records["field"]} == columns
        for field in records["field"]:
            assert field["source"]["fileObject"]["@id"] in files
            ids += check_field(field, records["@id"])
    assert len(ids) == len(set(ids))


def check_field(field: dict[str, Any], parent: str) -> list[str]:
    assert field["@type"] == "cr:Field"
    assert field["@id"].startswith(f"{parent}/")
    assert ("dataType" in field) != ("subField" in field)
    assert field.get("dataType", "sc:Text") in TYPES
    assert field.get("isArray", False) == ("arrayShape" in field)
    inner = [one for sub in field.get("subField", ()) for one in check_field(sub, field["@id"])]
    return [field["@id"], *inner]


def columns_of(folder: Path, records: dict[str, Any]) -> set[str]:
    path = folder / records["field"][0]["source"]["fileObject"]["@id"]
    if path.suffix == ".parquet":
        import pyarrow.parquet

        return set(pyarrow.parquet.read_schema(path).names)
    return set().union(*(json.loads(line) for line in path.read_text().splitlines()))
