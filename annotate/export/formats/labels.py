"""The long table: every label that stands, one JSON line each, as ``manage.py ingest --format labels`` reads it.

``data`` holds labels about steps and whole traces, with exactly the fields that format has. A label about a
candidate, a pair or a lineup, and a reviewer's decision, cannot be brought in that way: they are in ``details``,
which holds every label with all that is known of it. Nothing is decided here, so there is nothing to split, select or
weigh.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from annotate.enums import RaterKind
from annotate.errors import Rejected
from annotate.export.contracts import ExportSettings, Format, LabelSource, Written
from annotate.export.rows import named_raters
from annotate.export.said import labels_of, newest_of
from annotate.export.shards import json_shards
from annotate.models import Project

_FIELDS = (
    "pk",
    "rater_id",
    "criterion__key",
    "criterion__scope",
    "value",
    "text",
    "seconds",
    "score",
    "distribution",
    "has_seen_prelabels",
    "step__position",
    "step__retired_in",
    "step__trace__external_id",
    "trace__external_id",
    "candidate__kind",
    "candidate__position",
    "candidate__step__position",
    "candidate__step__trace__external_id",
    "pair__external_id",
    "lineup__external_id",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelsSettings(ExportSettings):
    """``upto`` is the newest label that is read, 0 all there are now: with it the same can be made again later."""

    upto: int = 0

    def __post_init__(self) -> None:
        ExportSettings.__post_init__(self)
        if self.upto < 0:
            raise Rejected("must be a label's number, or 0.", field="upto")


def check(project: Project, settings: LabelsSettings) -> None:
    newest_of(project)


def write(source: LabelSource, folder: Path, settings: LabelsSettings) -> Written:
    counts: Counter[str] = Counter()
    with (
        json_shards(folder) as data,
        json_shards(folder, config="details", name="details", is_default=False) as details,
    ):
        for row in _rows(source, settings):
            details.write(row)
            reason = _why_not(row)
            counts[reason or "labels_written"] += 1
            if not reason:
                data.write(_plain(row))
    lost = ("on_other_things", "by_reviewers", "on_steps_cut_anew", "empty")
    return Written(
        splits=(*data.splits, *details.splits),
        rows=data.rows,
        counts={
            "labels_written": data.rows,
            "labels_in_details": details.rows,
            **{f"only_in_details_{name}": counts[name] for name in lost},
        },
    )


def _rows(source: LabelSource, settings: ExportSettings) -> Iterator[dict[str, Any]]:
    labels = labels_of(source.project, source.upto)
    spoke: Counter[int] = Counter()
    for pk in labels.order_by("pk").values_list("rater_id", flat=True).iterator(chunk_size=5000):
        spoke[pk] += 1
    raters = {row.pk: row for row in named_raters(spoke, is_anonymous=settings.is_anonymous)}
    for found in labels.order_by("pk").values_list(*_FIELDS).iterator(chunk_size=2000):
        row = dict(zip(_FIELDS, found, strict=True))
        rater = raters[row["rater_id"]]
        trace = row["step__trace__external_id"] or row["trace__external_id"]
        position = row["step__position"]
        yield {
            "id": row["pk"],
            "scope": row["criterion__scope"],
            "trace": trace or row["candidate__step__trace__external_id"],
            "step": position if position is not None else row["candidate__step__position"],
            "is_current": row["step__retired_in"] is None,
            "candidate_kind": row["candidate__kind"],
            "candidate": row["candidate__position"],
            "pair": row["pair__external_id"],
            "lineup": row["lineup__external_id"],
            "rater": rater.name,
            "rater_kind": rater.kind,
            "is_simulated": rater.is_simulated,
            "criterion": row["criterion__key"],
            "value": row["value"],
            "text": row["text"],
            "seconds": row["seconds"],
            "score": row["score"],
            "distribution": row["distribution"],
            "has_seen_prelabels": row["has_seen_prelabels"],
        }


def _why_not(row: dict[str, Any]) -> str:
    """Why a label is in no table that can be brought in again; empty where it is."""
    if row["scope"] not in ("step", "trace"):
        return "on_other_things"
    if row["rater_kind"] == RaterKind.REVIEW:
        return "by_reviewers"
    if not row["is_current"]:
        return "on_steps_cut_anew"
    return "" if row["value"] or row["text"] else "empty"


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    names = ("trace", "step", "rater", "rater_kind", "is_simulated", "criterion", "value", "text", "seconds")
    return {name: row[name] for name in names if row[name] is not None and row[name] != ""}


def limits(settings: LabelsSettings) -> tuple[str, ...]:
    return (
        "Readings that were not submitted, or were sent back, are not here.",
        "A table that is brought in needs the same traces and the same questions.",
        "Nothing is decided: raters contradict one another.",
    )


LABELS = Format(
    name="labels",
    version=1,
    title="All labels, one per row (JSON lines)",
    settings=LabelsSettings,
    check=check,
    write=write,
    task="text-classification",
    limits=limits,
    reads="labels",
)
