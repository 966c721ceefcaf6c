"""Write many steps at once. Used by trace_batch.py, inside the transaction of actions.py."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

from django.db import connection

from annotate.ingest.drafts import StepDraft

# Six parameters each; SQLite was long built to take 999 in one statement.
_ROWS = 160
_INSERT = "INSERT INTO annotate_step (trace_id, position, text, tail, kind, meta) VALUES "
_PLACES = "(%s, %s, %s, %s, %s, %s)"


def insert_steps(traces: Iterable[tuple[int, Sequence[StepDraft]]]) -> None:
    """Insert the steps of each trace, given by its key.

    Steps are nine tenths of all rows, and ``bulk_create`` spent three quarters of the whole ingest on turning them
    into model objects and back into parameters.
    """
    to_json = connection.ops.adapt_json_value
    nothing = to_json({}, None)
    rows: list[tuple[Any, ...]] = [
        (
            trace,
            position,
            step.text,
            step.tail,
            step.kind.value,
            to_json(step.meta, None) if step.meta else nothing,
        )
        for trace, steps in traces
        for position, step in enumerate(steps)
    ]
    with connection.cursor() as cursor:
        for start in range(0, len(rows), _ROWS):
            some = rows[start : start + _ROWS]
            cursor.execute(_INSERT + ", ".join([_PLACES] * len(some)), list(chain.from_iterable(some)))
