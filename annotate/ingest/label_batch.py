"""Some hundred labels on traces that are here, on their way into the database.

Used by actions.py, in its transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from annotate.errors import Rejected
from annotate.ingest.conversation import MESSAGE
from annotate.ingest.drafts import BadRow, LabelDraft, LabelSheet
from annotate.ingest.label_book import LabelBook, LabelPlan, PlacedLabel
from annotate.ingest.report import Tally
from annotate.models import Project, Step, Trace

_Key = tuple[str, str, str, int | None]


class LabelBatch:
    """Find the trace and steps of every row, then compare and enter its labels: all of a row, or none.

    No two rows of a batch may be by one rater about one target: the caller starts a new batch before the second,
    which then revises the first.
    """

    def __init__(self, project: Project, book: LabelBook) -> None:
        self._project = project
        self._book = book
        self._rows: list[tuple[int, LabelSheet]] = []
        self._keys: set[_Key] = set()

    def __len__(self) -> int:
        return len(self._rows)

    def clashes_with(self, sheet: LabelSheet) -> bool:
        return not self._keys.isdisjoint(_keys(sheet))

    def add(self, line: int, sheet: LabelSheet) -> None:
        self._rows.append((line, sheet))
        self._keys.update(_keys(sheet))

    def write(self, tally: Tally) -> None:
        """Effects: labels, and every row counted once."""
        if not self._rows:
            return
        names = {sheet.trace for _, sheet in self._rows}
        found = Trace.objects.filter(project=self._project, external_id__among=names)
        traces = {trace.external_id: trace for trace in found}
        steps = _steps_of(traces.values())
        by_message = _by_message(
            [traces[sheet.trace] for _, sheet in self._rows if sheet.by_message and sheet.trace in traces]
        )
        refused: dict[int, BadRow] = {}
        placed: list[PlacedLabel] = []
        for line, sheet in self._rows:
            try:
                placed += self._place(line, sheet, traces.get(sheet.trace), steps, by_message)
            except Rejected as error:
                refused[line] = BadRow(line, error.field, error.reason)
        plan = self._book.plan(placed)
        for refusal in (*plan.refused, *self._unasked(plan)):
            refused.setdefault(refusal.line, refusal)
        plan = plan.without(set(refused))
        revised = {placed.line for placed, _ in plan.revisions}
        fresh = {placed.line for placed in plan.fresh}
        for line, _ in self._rows:
            if line in refused:
                tally.reject(refused[line])
            elif line in revised:
                tally.updated += 1
            elif line in fresh:
                tally.created += 1
            else:
                tally.unchanged += 1
        tally.labels += self._book.enter(plan)

    def _unasked(self, plan: LabelPlan) -> Iterator[BadRow]:
        """Revisions by rows that may be somebody else's."""
        fixed = {line for line, sheet in self._rows if not sheet.may_revise}
        for placed, _ in plan.revisions:
            if placed.line in fixed:
                said = f"{placed.draft.rater.name!r} has said otherwise of this already"
                reason = f"{said}; if this is another of that name, or a correction, say so (rater)"
                yield BadRow(placed.line, placed.draft.origin or "rater", reason)

    def _place(
        self,
        line: int,
        sheet: LabelSheet,
        trace: Trace | None,
        steps: Mapping[tuple[int, int], int],
        by_message: Mapping[tuple[int, int], int],
    ) -> list[PlacedLabel]:
        if trace is None:
            raise Rejected(f"there is no trace {sheet.trace!r} in this project", field="trace")
        placed = []
        for label in sheet.labels:
            here = label
            if sheet.by_message and label.position is not None:
                position = by_message.get((trace.pk, label.position))
                if position is None:
                    reason = f"the trace has no step of message {label.position}"
                    raise Rejected(reason, field=label.origin or "step")
                here = _moved(label, position)
            criterion = self._book.check(here, n_steps=trace.n_steps)
            step = None if here.position is None else steps[trace.pk, here.position]
            placed.append(PlacedLabel(line, here, criterion, step, trace.pk if step is None else None))
        return placed


def _moved(label: LabelDraft, position: int) -> LabelDraft:
    return replace(label, position=position)


def _keys(sheet: LabelSheet) -> set[_Key]:
    return {(sheet.trace, label.rater.name, label.criterion, label.position) for label in sheet.labels}


def _steps_of(traces: Iterable[Trace]) -> dict[tuple[int, int], int]:
    found = Step.objects.filter(trace__in=traces).values_list("trace_id", "position", "pk")
    return {(trace, position): pk for trace, position, pk in found}


def _by_message(traces: Iterable[Trace]) -> dict[tuple[int, int], int]:
    """Positions of steps by the messages they came from."""
    found: Iterable[tuple[int, int, Any]] = Step.objects.filter(trace__in=traces).values_list(
        "trace_id", "position", "meta"
    )
    return {
        (trace, meta[MESSAGE]): position
        for trace, position, meta in found
        if isinstance(meta.get(MESSAGE), int)
    }
