"""Write many steps at once. Used by trace_batch.py, inside the transaction of actions.py."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from annotate.ingest.drafts import StepDraft
from annotate.ingest.going_on import GoingOn
from annotate.ingest.rows import NO_JSON, begin_to_insert
from annotate.models import Step

_FIELDS = ("trace", "position", "text", "tail", "kind", "meta")


def insert_steps(traces: Iterable[tuple[int, Sequence[StepDraft]]]) -> GoingOn | None:
    """Insert the steps of each trace, given by its key; what goes on by itself is returned.

    Steps are nine tenths of all rows.
    """
    return begin_to_insert(
        Step,
        _FIELDS,
        [
            # A kind is a string already; asking for its value would cost as much as the rest of the row.
            (trace, position, text, tail, str.__str__(kind), json.dumps(meta) if meta else NO_JSON)
            for trace, steps in traces
            for position, (text, tail, kind, meta) in enumerate(steps)
        ],
    )
