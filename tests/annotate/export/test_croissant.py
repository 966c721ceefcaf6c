"""Held against the rules of the specification 1.1, and read by mlcroissant, the reference reader."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from annotate.consensus.actions import run_consensus
from annotate.enums import RaterKind
from annotate.export.actions import export_project, export_run
from annotate.export.registry import FORMATS
from annotate.ingest.founding import create_from_preset, use_rubric
from annotate.models import Label, Project
from tests.annotate.export.decided import a_decided_project
from tests.annotate.export.formats.test_preference import a_project_of_opinions
from tests.annotate.export.formats.test_prm800k import WALK, WHOLE, brought_in
from tests.annotate.export.illustrated import an_illustrated_run
from tests.annotate.export.published import rows_of
from tests.factories import a_label, a_project, a_rater, a_trace

pytestmark = pytest.mark.django_db

TYPES = {"sc:Text", "sc:Integer", "sc:Float", "sc:Boolean", "sc:DateTime"}
NEEDED = {"soft_labels": {"without": "certain"}}


# Other people's code: rdflib's own, and pandas's about what mlcroissant asks of it.
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("name", sorted(FORMATS))
def test_mlcroissant_takes_every_formats_document_and_reads_its_records(tmp_path, name):
    write(tmp_path / "out", name)
    check_by_mlcroissant(tmp_path / "out")


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_mlcroissant_reads_what_came_from_outside_and_lists_within_lists(tmp_path):
    project = brought_in(tmp_path / "in.jsonl", [WALK, *WHOLE])
    run = run_consensus(project, policy="majority")
    export_run(run, tmp_path / "prm800k", format="prm800k", settings={"by": "rater", "creator": "The group"})
    export_run(run, tmp_path / "jsonl", format="jsonl", settings={"with_meta": True, "creator": "The group"})

    check_by_mlcroissant(tmp_path / "prm800k")
    check_by_mlcroissant(tmp_path / "jsonl")


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("name", ["jsonl", "parquet"])
def test_mlcroissant_reads_images_and_meta(tmp_path, name):
    settings = {"with_meta": True, "creator": "The group"}
    export_run(an_illustrated_run(tmp_path), tmp_path / "out", format=name, settings=settings)

    check_by_mlcroissant(tmp_path / "out")


def check_by_mlcroissant(folder: Path) -> None:
    """It finds nothing to complain of, and its records hold every value of every row that is described."""
    mlcroissant = pytest.importorskip("mlcroissant", reason="mlcroissant comes with requirements/dev.lock")
    dataset = mlcroissant.Dataset(folder / "croissant.json")
    assert not dataset.metadata.ctx.issues.errors
    assert not dataset.metadata.ctx.issues.warnings
    document = json.loads((folder / "croissant.json").read_text())
    for records in document["recordSet"]:
        file = leaves_of(records["field"][0])[0]["source"]["fileObject"]["@id"]
        rows, found = rows_in(folder / file), list(dataset.records(records["@id"]))
        assert len(found) == len(rows) > 0
        for row, record in zip(rows, found, strict=True):
            for field in records["field"]:
                check_value(field, record, row.get(field["name"]))


def write(out: Path, name: str) -> None:
    """A release of ``name``, from what has something of everything that it can hold."""
    settings = {"creator": "The sums group", "licence": "cc-by-4.0", **NEEDED.get(name, {})}
    if FORMATS[name].reads == "consensus":
        decided = a_decided_project(whole=("ggg", "ggg"), wrong=("gb-", "gb-"), torn=("gg", "gb"))
        export_run(decided.run, out, format=name, settings=settings)
    else:
        project = (
            a_project_of_opinions(one="lll", two="rrt") if name == "preference" else a_talkative_project()
        )
        export_project(project, out, format=name, settings=settings)


def a_talkative_project() -> Project:
    """Labels of steps, traces, candidates and pairs, with texts, seconds and distributions."""
    project = a_project(slug="sums")
    use_rubric(project, create_from_preset(project, "prm800k"))
    first, second = a_trace(project, texts=["First.\n", "Second.\n"], external_id="one").steps.all()
    ann, ben = a_rater(project, name="Ann Archer"), a_rater(project, name="Ben Baker")
    a_label(ann, first, "good", text="Fine.", seconds=2.5)
    a_label(ann, second, "bad")
    a_label(ann, second, "", criterion_key="critique", text="12 is not 14.")
    a_label(ben, second, "", criterion_key="correction", text="Second, mended.")
    judge = a_rater(project, RaterKind.JUDGE, "judge/one@v1")
    a_label(judge, second, "bad", score=0.9, distribution={"good": 0.1, "bad": 0.9})
    return project


def rows_in(file: Path) -> list[dict[str, Any]]:
    if file.suffix == ".parquet":
        import pyarrow.parquet

        return pyarrow.parquet.read_table(file).to_pylist()
    return rows_of(file)


def check_value(field: dict[str, Any], record: dict[str, Any], value: Any) -> None:
    """``record`` holds ``value``. That reader keeps every object under its own key, also one within another."""
    if "subField" not in field:
        assert plain(record[field["@id"]]) == value, field["@id"]
        return
    if isinstance(value, list) and not field.get("isArray"):
        value = [one[0] if isinstance(one, list) and one else one for one in value]
    for inner in field["subField"]:
        if "subField" in inner:
            check_value(inner, record, of(value, inner["name"]))
            continue
        found = record[field["@id"]]
        said = [one[inner["@id"]] for one in found] if field.get("isArray") else found[inner["@id"]]
        # A list that a row does not have is read as a list of nothing.
        wanted = [None] if value is None and field.get("isArray") else of(value, inner["name"])
        assert plain(said) == wanted, inner["@id"]


def of(value: Any, name: str) -> Any:
    if isinstance(value, list):
        return [of(one, name) for one in value]
    return value.get(name) if isinstance(value, dict) else None


def plain(found: Any) -> Any:
    """Of what that reader answers, where texts are bytes and times are pandas's."""
    if isinstance(found, list):
        return [plain(one) for one in found]
    if isinstance(found, bytes):
        return found.decode()
    return found.isoformat() if isinstance(found, datetime) else found


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
    assert document["version"] == f"{FORMATS[name].version}.{decided.run.pk}.0"
    assert "citeAs" not in document
    assert document["rai:dataCollection"] == "Problems and traces from: GSM8K: MIT"
    assert "Archer" not in json.dumps(document)
    assert document["rai:machineAnnotationTools"] == ["person-002 (simulated person)"]


def test_a_release_of_labels_has_its_day_its_version_and_how_to_cite_it(tmp_path):
    project = a_talkative_project()
    newest = Label.objects.filter(rater__project=project).latest("pk")
    about = {"creator": "The {sums} group", "homepage": "https://data.example/sums"}

    export_project(project, tmp_path / "out", format="labels", settings=about)

    document = json.loads((tmp_path / "out/croissant.json").read_text())
    day = newest.created_at.date().isoformat()
    assert document["datePublished"] == day
    assert document["version"] == f"{FORMATS['labels'].version}.{newest.pk}.0"
    assert document["citeAs"] == (
        f"@misc{{{project.slug}, title = {{{project.name}}}, author = {{{{The sums group}}}}, year = {{{day[:4]}}},"
        f" version = {{{document['version']}}}, url = {{https://data.example/sums}}}}"
    )


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
        leaves = [leaf for field in records["field"] for leaf in leaves_of(field)]
        assert {leaf["source"]["extract"]["column"] for leaf in leaves} == columns
        assert {leaf["source"]["fileObject"]["@id"] for leaf in leaves} <= files
        for field in records["field"]:
            ids += check_field(field, records["@id"])
    assert len(ids) == len(set(ids))


def leaves_of(field: dict[str, Any]) -> list[dict[str, Any]]:
    return (
        [leaf for inner in field["subField"] for leaf in leaves_of(inner)] if "subField" in field else [field]
    )


def check_field(field: dict[str, Any], parent: str) -> list[str]:
    assert field["@type"] == "cr:Field"
    assert field["@id"].startswith(f"{parent}/")
    assert ("dataType" in field) != bool(field.get("subField"))
    assert ("source" in field) == ("dataType" in field)
    assert field.get("dataType", "sc:Text") in TYPES
    assert field.get("isArray", False) == ("arrayShape" in field)
    inner = [one for sub in field.get("subField", ()) for one in check_field(sub, field["@id"])]
    return [field["@id"], *inner]


def columns_of(folder: Path, records: dict[str, Any]) -> set[str]:
    path = folder / leaves_of(records["field"][0])[0]["source"]["fileObject"]["@id"]
    if path.suffix == ".parquet":
        import pyarrow.parquet

        return set(pyarrow.parquet.read_schema(path).names)
    return set().union(*(json.loads(line) for line in path.read_text().splitlines()))
