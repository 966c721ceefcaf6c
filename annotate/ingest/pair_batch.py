"""Pairs of traces whose preference came along, on their way into the database.

Used by actions.py, in its transaction.
"""

from __future__ import annotations

from dataclasses import replace

from annotate.ingest.drafts import LabelDraft, PairDraft
from annotate.ingest.label_book import LabelBook, PlacedLabel
from annotate.ingest.pairing import pair_of
from annotate.ingest.report import Tally
from annotate.models import Criterion, Pair, Project, Trace

_OTHER_SIDE = {"left": "right", "right": "left"}


class PairBatch:
    """Put the traces of rows that were taken side by side, and enter which is the better one."""

    def __init__(self, project: Project, book: LabelBook) -> None:
        self._project = project
        self._book = book
        self._rows: list[tuple[int, PairDraft, Criterion | None]] = []

    def add(self, line: int, draft: PairDraft, criterion: Criterion | None) -> None:
        self._rows.append((line, draft, criterion))

    def write(self, tally: Tally, refused: set[int]) -> None:
        """Effects in order: pairs, labels. ``refused`` are lines whose traces were not taken."""
        rows = [row for row in self._rows if row[0] not in refused]
        if not rows:
            return
        names = {side.external_id for _, draft, _ in rows for side in (draft.first, draft.second)}
        found = Trace.objects.filter(project=self._project, external_id__among=names)
        traces = {trace.external_id: trace for trace in found}
        wanted = [
            pair_of(self._project, traces[draft.first.external_id], traces[draft.second.external_id])
            for _, draft, _ in rows
        ]
        pairs = self._saved(wanted, tally)
        placed = []
        for (line, draft, criterion), want in zip(rows, wanted, strict=True):
            pair = pairs[want.external_id]
            if draft.label is not None and criterion is not None:
                label = _turned(draft.label, pair, traces[draft.first.external_id])
                placed.append(PlacedLabel(line, label, criterion, None, None, pair.pk))
        plan = self._book.plan(placed)
        for row in plan.refused:
            tally.reject(row)
        tally.labels += self._book.enter(plan)

    def _saved(self, wanted: list[Pair], tally: Tally) -> dict[str, Pair]:
        names = {pair.external_id for pair in wanted}
        known = {
            pair.external_id for pair in Pair.objects.filter(project=self._project, external_id__among=names)
        }
        new = {pair.external_id: pair for pair in wanted if pair.external_id not in known}
        Pair.objects.bulk_create(new.values())
        tally.pairs += len(new)
        return {
            pair.external_id: pair
            for pair in Pair.objects.filter(project=self._project, external_id__among=names)
        }


def _turned(label: LabelDraft, pair: Pair, first: Trace) -> LabelDraft:
    """The label as the pair stands: its first trace may have come to the right."""
    if pair.left_trace_id == first.pk:
        return label
    return replace(label, value=_OTHER_SIDE.get(label.value, label.value))
