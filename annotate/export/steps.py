"""The steps of some traces as rows without a decision."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from annotate.enums import Action
from annotate.export.contracts import StepRow
from annotate.models import Step


def plain_steps(traces: Sequence[int]) -> dict[int, tuple[StepRow, ...]]:
    """By trace, in order. Nothing was decided: every step is one to ask about."""
    found: dict[int, list[StepRow]] = defaultdict(list)
    rows = Step.objects.filter(trace__in=traces).order_by("trace_id", "position")
    for trace, position, kind, text, tail, meta in rows.values_list(
        "trace_id", "position", "kind", "text", "tail", "meta"
    ):
        body = text[: len(text) - tail] if tail else text
        found[trace].append(StepRow(position, kind, text, body, Action.ASK, "", None, "", (), meta=meta))
    return {trace: tuple(steps) for trace, steps in found.items()}
