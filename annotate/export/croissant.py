"""``croissant.json``: the data set in Croissant 1.1 with the vocabulary for responsible AI (pure, but for reading
columns).

https://github.com/mlcommons/croissant/blob/main/docs/croissant-spec-1.1.md. The context is the specification's own but
for what mlcroissant, its reference reader, refuses or misses there: it knows schema.org by https alone and looks for
four more words. Every file is a record set of its own, because a field names one file it is read from. A field of an
object names its column and the path from there, without which that reader finds nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from annotate.enums import RaterKind
from annotate.export.card import Facts, Measure
from annotate.export.columns import MIXED, Kind, columns_of

NAME = "croissant.json"
CONFORMS_TO = ("http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0")
CONTEXT: Mapping[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
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
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "readLines": "cr:readLines",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sdVersion": "cr:sdVersion",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
    "unArchive": "cr:unArchive",
    "value": "cr:value",
}
# The words of mlcroissant, which knows no other for these two.
_ENCODINGS = {".jsonl": "application/jsonlines", ".parquet": "application/x-parquet"}
# What came along with a trace has another shape in every row.
_LOOSE = "meta"
# What a JSON path takes for a name without quotation marks; "where" is a word of its own.
_PLAIN = re.compile(r"(?!where$)[A-Za-z_][A-Za-z0-9_]*")


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
    if facts.version:
        document["version"] = facts.version
    if facts.settings.creator:
        document["citeAs"] = _citation(facts)
    document |= _responsible(facts)
    document["distribution"] = [_file(file) for file in data]
    document["recordSet"] = [_records(folder, split.config, split.path) for split in facts.splits]
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _licence(licence: str) -> str:
    return licence if licence == "unknown" else f"https://spdx.org/licenses/{licence}"


def _citation(facts: Facts) -> str:
    """BibTeX of what is known."""
    said = {
        "title": _bare(facts.title),
        # In braces of its own, so that a group's name is not taken apart.
        "author": f"{{{_bare(facts.settings.creator)}}}",
        "year": facts.date[:4],
        "version": facts.version,
        "url": _bare(facts.settings.homepage),
    }
    key = re.sub(r"[^a-z0-9]+", "-", facts.title.lower()).strip("-") or "dataset"
    return f"@misc{{{key}, {', '.join(f'{name} = {{{value}}}' for name, value in said.items() if value)}}}"


def _bare(text: str) -> str:
    """Without what BibTeX reads as its own."""
    return re.sub(r"[{}\\]", "", text)


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
    fields = (
        _field(f"{name}/{column}", column, kind, _Place(path, column))
        for column, kind in columns_of(folder / path).items()
    )
    return {"@type": "cr:RecordSet", "@id": name, "name": name, "field": [one for one in fields if one]}


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in a file values lie. ``paths`` lead from a column's value inwards, each into every value so far where
    that is a list: a reader is given one path after the other.
    """

    file: str
    column: str
    paths: tuple[str, ...] = ()
    is_in_list: bool = False

    def into(self, name: str) -> _Place:
        """A field of the object here."""
        word = name if _PLAIN.fullmatch(name) else json.dumps(name, ensure_ascii=False)
        if not self.paths or self.paths[-1] == "":
            return replace(self, paths=(*self.paths[:-1], f"$.{word}"))
        return replace(self, paths=(*self.paths[:-1], f"{self.paths[-1]}.{word}"))

    def each(self) -> _Place:
        """Every value of the list here."""
        return replace(self, paths=(*self.paths, "") if self.paths else (), is_in_list=True)

    def first(self) -> _Place:
        """The first value of the list here."""
        return replace(self, paths=(*self.paths[:-1], f"{self.paths[-1]}[0]"))

    def as_json(self) -> dict[str, Any]:
        source: dict[str, Any] = {"fileObject": {"@id": self.file}, "extract": {"column": self.column}}
        if self.paths:
            source["transform"] = [{"jsonPath": path} for path in self.paths]
        return source


def _field(key: str, name: str, kind: Kind, place: _Place) -> dict[str, Any] | None:
    """None where there is nothing to read, or nothing that Croissant can say."""
    field: dict[str, Any] = {"@type": "cr:Field", "@id": key, "name": name}
    depth = 0
    while isinstance(kind, list):
        kind, depth = kind[0], depth + 1
    if isinstance(kind, dict):
        if depth > 1 or name == _LOOSE:
            return None
        if depth and place.is_in_list:
            # A path leads to one value in each of the outer list, so the others of the inner have none.
            place = place.first()
            field["description"] = f"The first of {name}; any others are in the file alone."
        elif depth:
            field |= {"isArray": True, "arrayShape": "-1"}
            place = place.each()
        inner = (_field(f"{key}/{quote(one)}", one, of, place.into(one)) for one, of in kind.items())
        field["subField"] = [one for one in inner if one]
        return field if field["subField"] else None
    if kind == MIXED:
        return None
    if depth:
        field |= {"isArray": True, "arrayShape": ",".join(["-1"] * depth)}
    return field | {"dataType": kind, "source": place.as_json()}


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
