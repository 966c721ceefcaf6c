"""``croissant.json``: the data set in Croissant 1.1 with the vocabulary for responsible AI (pure, but for reading
columns).

https://github.com/mlcommons/croissant/blob/main/docs/croissant-spec-1.1.md. The context is the specification's own,
word for word. Every file is a record set of its own, because a field names one file it is read from.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from annotate.enums import RaterKind
from annotate.export.card import Facts, Measure

NAME = "croissant.json"
CONFORMS_TO = ("http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0")
CONTEXT: Mapping[str, Any] = {
    "@language": "en",
    "@vocab": "http://schema.org/",
    "sc": "http://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "annotation": "cr:annotation",
    "arrayShape": "cr:arrayShape",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "excludes": "cr:excludes",
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "readLines": "cr:readLines",
    "sdVersion": "cr:sdVersion",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
    "unArchive": "cr:unArchive",
    "value": "cr:value",
}
# How many rows are looked at to tell the types of a table's columns.
_ROWS = 200
_ENCODINGS = {".jsonl": "application/jsonlines", ".parquet": "application/vnd.apache.parquet"}


def render_croissant(facts: Facts, folder: Path, files: Iterable[Mapping[str, Any]]) -> str:
    """The document for what lies in ``folder``; ``files`` are path, bytes and sum of each."""
    sums = {file["path"]: file for file in files}
    data = [sums[split.path] for split in facts.splits]
    document: dict[str, Any] = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": list(CONFORMS_TO),
        "name": facts.title,
        "description": facts.description.strip() or f"{facts.format_title}. Made with Gradus.",
        "license": _licence(facts.settings.licence),
        "creator": {"@type": "sc:Organization", "name": facts.settings.creator or facts.title},
        "keywords": list(facts.tags),
        "isLiveDataset": False,
    }
    if facts.settings.homepage:
        document["url"] = facts.settings.homepage
    if facts.date:
        document["datePublished"] = facts.date
    document |= _responsible(facts)
    document["distribution"] = [_file(file) for file in data]
    document["recordSet"] = [_records(folder, split.config, split.path) for split in facts.splits]
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _licence(licence: str) -> str:
    return licence if licence == "unknown" else f"https://spdx.org/licenses/{licence}"


def _file(file: Mapping[str, Any]) -> dict[str, Any]:
    path = Path(file["path"])
    return {
        "@type": "cr:FileObject",
        "@id": file["path"],
        "name": path.name,
        "contentUrl": file["path"],
        "contentSize": f"{file['bytes']} B",
        "encodingFormat": _ENCODINGS[path.suffix],
        "sha256": file["sha256"],
    }


def _records(folder: Path, config: str, path: str) -> dict[str, Any]:
    name = f"{config}-{Path(path).stem}"
    columns = _parquet_columns(folder / path) if path.endswith(".parquet") else _json_columns(folder / path)
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "field": [_field(f"{name}/{column}", column, kind, path) for column, kind in columns.items()],
    }


# A column's type: one of Croissant's words, a list of a type, or the fields of an object.
Kind = str | list[Any] | dict[str, Any]


def _field(key: str, column: str, kind: Kind, path: str | None) -> dict[str, Any]:
    field: dict[str, Any] = {"@type": "cr:Field", "@id": key, "name": column}
    if isinstance(kind, list):
        field |= {"isArray": True, "arrayShape": "-1"}
        kind = kind[0]
        # A list in a list: the inner one is a value of its own.
        kind = "sc:Text" if isinstance(kind, list) else kind
    if isinstance(kind, dict):
        field["subField"] = [_field(f"{key}/{name}", name, inner, None) for name, inner in kind.items()]
    else:
        field["dataType"] = kind
    if path is not None:
        field["source"] = {"fileObject": {"@id": path}, "extract": {"column": column}}
    return field


def _json_columns(file: Path) -> dict[str, Kind]:
    found: dict[str, Kind | None] = {}
    with file.open(encoding="utf-8") as lines:
        for line in islice(lines, _ROWS):
            for name, value in json.loads(line).items():
                found[name] = _merged(found.get(name), _kind_of(value))
    return {name: _known(kind) for name, kind in found.items()}


def _kind_of(value: object) -> Kind | None:
    if value is None:
        return None
    if isinstance(value, list):
        inner: Kind | None = None
        for one in value[:_ROWS]:
            inner = _merged(inner, _kind_of(one))
        return [inner]
    if isinstance(value, dict):
        return {name: _kind_of(one) for name, one in value.items()}
    kinds = {bool: "sc:Boolean", int: "sc:Integer", float: "sc:Float"}
    return kinds.get(type(value), "sc:Text")


def _merged(one: Any, other: Any) -> Any:
    """What holds both: a whole number is a number, an object has the fields of both, anything else is text."""
    if one is None or other is None:
        return one if other is None else other
    if isinstance(one, list) and isinstance(other, list):
        return [_merged(one[0], other[0])]
    if isinstance(one, dict) and isinstance(other, dict):
        return {name: _merged(one.get(name), other.get(name)) for name in [*one, *other]}
    if one == other:
        return one
    return "sc:Float" if {one, other} <= {"sc:Integer", "sc:Float"} else "sc:Text"


def _known(kind: Any) -> Kind:
    """A column that is null wherever one looks is written as text."""
    if isinstance(kind, list):
        return [_known(kind[0])]
    if isinstance(kind, dict):
        return {name: _known(inner) for name, inner in kind.items()}
    return str(kind or "sc:Text")


def _parquet_columns(file: Path) -> dict[str, Kind]:
    import pyarrow.parquet

    return {field.name: _arrow_kind(field.type) for field in pyarrow.parquet.read_schema(file)}


def _arrow_kind(kind: Any) -> Kind:
    from pyarrow import types

    if types.is_list(kind):
        return [_arrow_kind(kind.value_type)]
    if types.is_struct(kind):
        return {kind.field(i).name: _arrow_kind(kind.field(i).type) for i in range(kind.num_fields)}
    if types.is_boolean(kind):
        return "sc:Boolean"
    if types.is_integer(kind):
        return "sc:Integer"
    return "sc:Float" if types.is_floating(kind) else "sc:Text"


def _responsible(facts: Facts) -> dict[str, Any]:
    """What is known of how the labels were made. A key whose answer is not known is left out."""
    labels = sum(rater.labels for rater in facts.raters)
    people = [rater for rater in facts.raters if rater.kind == RaterKind.PERSON and not rater.is_simulated]
    machines = [
        f"{rater.name} ({'simulated person' if rater.is_simulated else rater.kind})"
        for rater in facts.raters
        if rater not in people and rater.kind not in (RaterKind.GOLD, RaterKind.REVIEW)
    ]
    found: dict[str, Any] = {
        "rai:dataAnnotationProtocol": f"Criterion {facts.criterion}. {facts.policy_title}. Parameters: "
        + json.dumps(facts.policy, ensure_ascii=False, sort_keys=True),
        "rai:dataAnnotationPlatform": "Gradus",
        "rai:annotationsPerItem": f"{labels:,} labels by {len(facts.raters):,} raters"
        + (f", {labels / facts.items:.2f} per item of {facts.items:,}" if facts.items else ""),
        "rai:annotatorDemographics": f"{len(people):,} people, known here by "
        + ("numbers alone." if facts.settings.is_anonymous else "name.")
        + " Nothing else about them was recorded.",
        "rai:dataLimitations": list(facts.limits),
        "rai:dataBiases": "What was dropped is no random part of the traces.",
        "rai:dataUseCases": "Training and evaluating process reward models.",
        "rai:personalSensitiveInformation": "Not examined. The raters are "
        + ("anonymous." if facts.settings.is_anonymous else "named."),
    }
    if machines:
        found["rai:machineAnnotationTools"] = machines
    if facts.measures:
        found["rai:dataAnnotationAnalysis"] = [_said(measure) for measure in facts.measures]
    if facts.settings.source_licences:
        found["rai:dataCollection"] = "Problems and traces from: " + "; ".join(facts.settings.source_licences)
    steps = [f"{row.title}: {row.steps:,} steps" for row in facts.funnel]
    steps += [f"{name.replace('_', ' ')}: {n:,}" for name, n in (facts.outcomes or {}).items()]
    if steps:
        found["rai:dataManipulationProtocol"] = "; ".join(steps)
    return found


def _said(measure: Measure) -> str:
    head = f"{measure.name.replace('_', ' ')} of {measure.of}, n = {measure.n:,}: "
    if measure.value is None:
        return f"{head}not enough data to say"
    interval = (
        "" if measure.low is None or measure.high is None else f" ({measure.low:.3f} to {measure.high:.3f})"
    )
    return f"{head}{measure.value:.3f}{interval}"
