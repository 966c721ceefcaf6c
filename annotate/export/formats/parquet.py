"""Every step of every trace with its decision and its votes, as Parquet: nothing left out, nothing rounded.

One row per step, also for those dropped or still asked about (their label is null), so that another rule can be
tried on the same votes; ``tiers`` chooses among them. ``p_correct`` is the soft target of policies that have one, for
every step. A second file lists the raters. The bytes depend on the rows and the version of pyarrow alone.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from annotate.enums import Action
from annotate.errors import Rejected
from annotate.export.contracts import Format, Source, Split, StepRow, TraceRow, Written
from annotate.export.tiers import TierSettings, check_tiers, is_chosen, limits_of_tiers
from annotate.models import Run

STEPS = "data/steps.parquet"
RATERS = "raters/raters.parquet"
ROW_GROUP = 10_000


def check(run: Run, settings: TierSettings) -> None:
    _arrow()
    check_tiers(run, settings)


def _arrow() -> Any:
    try:
        import pyarrow.parquet
    except ImportError:
        raise Rejected(
            "Parquet needs pyarrow, which is not installed. Run: python3 manage.py setup export",
            field="format",
        ) from None
    return pyarrow


def write(source: Source, folder: Path, settings: TierSettings) -> Written:
    counts = dict.fromkeys(("traces_written", "steps_written", *(f"steps_{a.value}" for a in Action)), 0)
    _write_table(folder / STEPS, _steps_schema(), _step_rows(source, settings, counts))
    _write_table(folder / RATERS, _raters_schema(), _rater_rows(source))
    return Written(
        splits=(Split("steps", STEPS, is_default=True), Split("raters", RATERS)),
        rows=counts["steps_written"],
        counts=counts,
    )


def _step_rows(source: Source, settings: TierSettings, counts: dict[str, int]) -> Iterator[dict[str, Any]]:
    for trace in source.traces():
        steps = [step for step in trace.steps if not settings.tiers or is_chosen(step, settings.tiers)]
        counts["traces_written"] += bool(steps)
        for step in steps:
            counts["steps_written"] += 1
            counts[f"steps_{step.action.value}"] += 1
            yield _step_row(trace, step)


def _step_row(trace: TraceRow, step: StepRow) -> dict[str, Any]:
    return {
        "trace": trace.trace,
        "problem": trace.problem,
        "problem_text": trace.problem_text,
        "source_model": trace.source_model or None,
        "outcome": trace.outcome,
        "position": step.position,
        "kind": step.kind,
        "text": step.text,
        "action": step.action.value,
        "label": step.value or None,
        "probability": step.probability,
        "tier": step.tier or None,
        "risk": step.risk,
        "p_correct": step.p_correct,
        "reason": step.reason,
        "votes": [
            {
                "rater": vote.rater.name,
                "kind": vote.rater.kind,
                "criterion": vote.criterion,
                "value": vote.value,
                "score": vote.score,
                "is_simulated": vote.rater.is_simulated,
            }
            for vote in step.votes
        ],
    }


def _rater_rows(source: Source) -> Iterator[dict[str, Any]]:
    for rater in source.raters:
        yield {"rater": rater.name, "kind": rater.kind, "is_simulated": rater.is_simulated}


def _steps_schema() -> Any:
    pa = _arrow()
    text, number = pa.string(), pa.float64()
    vote = pa.struct(
        [
            ("rater", text),
            ("kind", text),
            ("criterion", text),
            ("value", text),
            ("score", number),
            ("is_simulated", pa.bool_()),
        ]
    )
    return pa.schema(
        [
            ("trace", text),
            ("problem", text),
            ("problem_text", text),
            ("source_model", text),
            ("outcome", text),
            ("position", pa.int32()),
            ("kind", text),
            ("text", text),
            ("action", text),
            ("label", text),
            ("probability", number),
            ("tier", text),
            ("risk", number),
            ("p_correct", number),
            ("reason", text),
            ("votes", pa.list_(vote)),
        ]
    )


def _raters_schema() -> Any:
    pa = _arrow()
    return pa.schema([("rater", pa.string()), ("kind", pa.string()), ("is_simulated", pa.bool_())])


def _write_table(target: Path, schema: Any, rows: Iterator[dict[str, Any]]) -> None:
    """Write ``rows`` a row group at a time, so that memory holds one group whatever the size of the table."""
    pa = _arrow()
    target.parent.mkdir(parents=True, exist_ok=True)
    with pa.parquet.ParquetWriter(target, schema, compression="zstd", compression_level=3) as writer:
        while group := list(itertools.islice(rows, ROW_GROUP)):
            writer.write_table(pa.Table.from_pylist(group, schema=schema), row_group_size=ROW_GROUP)


def limits(settings: TierSettings) -> tuple[str, ...]:
    return (
        *limits_of_tiers(settings),
        "Steps whose action is drop or ask have no label; that is neither right nor wrong.",
        "The votes are the labels the policy read; labels made later are not here.",
    )


PARQUET = Format(
    name="parquet",
    version=1,
    title="Every step with its votes (Parquet)",
    settings=TierSettings,
    check=check,
    write=write,
    task="text-classification",
    limits=limits,
)
