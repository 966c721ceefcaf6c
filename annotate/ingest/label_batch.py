"""Some hundred rows of a label table on their way into the database. Used by actions.py, inside its transaction."""

from __future__ import annotations

from collections.abc import Iterable

from annotate.errors import Rejected
from annotate.ingest.drafts import BadRow, LabelLine
from annotate.ingest.label_book import LabelBook, PlacedLabel
from annotate.ingest.report import Tally
from annotate.models import Project, Step, Trace


class LabelBatch:
    """Find the trace and step of every row, then compare and enter the labels.

    No two rows of a batch may be by one rater about one target: the caller starts a new batch before the second,
    which then revises the first.
    """

    def __init__(self, project: Project, book: LabelBook) -> None:
        self._project = project
        self._book = book
        self._rows: dict[tuple[str, str, str, int | None], tuple[int, LabelLine]] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def clashes_with(self, row: LabelLine) -> bool:
        return _key(row) in self._rows

    def add(self, line: int, row: LabelLine) -> None:
        self._rows[_key(row)] = (line, row)

    def write(self, tally: Tally) -> None:
        """Effects: labels, and every row counted once."""
        names = {row.trace for _, row in self._rows.values()}
        found = Trace.objects.filter(project=self._project, external_id__in=names)
        traces = {trace.external_id: trace for trace in found}
        steps = _steps_of(traces.values())
        placed = []
        for line, row in self._rows.values():
            try:
                placed.append(self._place(line, row, traces.get(row.trace), steps))
            except Rejected as error:
                tally.reject(BadRow(line, error.field, error.reason))
        plan = self._book.plan(placed)
        for refusal in plan.refused:
            tally.reject(refusal)
        tally.created += len(plan.fresh)
        tally.updated += len(plan.revisions)
        tally.unchanged += len(plan.unchanged)
        tally.labels += self._book.enter(plan)

    def _place(
        self, line: int, row: LabelLine, trace: Trace | None, steps: dict[tuple[int, int], int]
    ) -> PlacedLabel:
        if trace is None:
            raise Rejected(f"there is no trace {row.trace!r} in this project", field="trace")
        criterion = self._book.check(row.label, n_steps=trace.n_steps)
        if row.label.position is None:
            return PlacedLabel(line, row.label, criterion, None, trace.pk)
        return PlacedLabel(line, row.label, criterion, steps[trace.pk, row.label.position], None)


def _key(row: LabelLine) -> tuple[str, str, str, int | None]:
    return row.trace, row.label.rater.name, row.label.criterion, row.label.position


def _steps_of(traces: Iterable[Trace]) -> dict[tuple[int, int], int]:
    found = Step.objects.filter(trace__in=traces).values_list("trace_id", "position", "pk")
    return {(trace, position): pk for trace, position, pk in found}
