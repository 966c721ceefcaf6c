"""Write many steps at once. Used by trace_batch.py, inside the transaction of actions.py."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import connection

from annotate.ingest.drafts import StepDraft

_INSERT = (
    "INSERT INTO annotate_step (trace_id, position, text, tail, kind, meta) VALUES (%s, %s, %s, %s, %s, %s)"
)


def insert_steps(traces: Iterable[tuple[int, Sequence[StepDraft]]]) -> None:
    """Insert the steps of each trace, given by its key.

    Steps are nine tenths of all rows, and ``bulk_create`` spent three quarters of the whole ingest on turning them
    into model objects and back into parameters.
    """
    to_json = connection.ops.adapt_json_value
    nothing = to_json({}, None)
    rows = [
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
        cursor.executemany(_INSERT, rows)
