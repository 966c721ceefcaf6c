"""Pairs of traces whose preference came along, on their way into the database.

Used by actions.py, in its transaction.
"""

from __future__ import annotations

from dataclasses import replace

from annotate.ingest.drafts import LabelDraft, PairDraft
from annotate.ingest.label_book import LabelBook, PlacedLabel
from annotate.ingest.pairing import Couple, couple_of, pair_of
from annotate.ingest.report import Tally
from annotate.ingest.trace_batch import Entry
from annotate.models import Criterion, Pair, Project, Trace

_OTHER_SIDE = {"left": "right", "right": "left"}


class PairBatch:
    """Put the traces of rows that were taken side by side, and enter which is the better one.

    The same two traces are one pair, by the id it first came with, however many rows say something about them.
    """

    def __init__(self, project: Project, book: LabelBook) -> None:
        self._project = project
        self._book = book
        self._rows: list[tuple[Entry, PairDraft, Criterion | None]] = []

    def add(self, entry: Entry, draft: PairDraft, criterion: Criterion | None) -> None:
        """``entry`` is the row's first trace."""
        self._rows.append((entry, draft, criterion))

    def refuse_taken_ids(self) -> None:
        """Refuse rows whose id is that of a pair of other traces, before anything of them is written."""
        named = [(draft.name, entry, draft) for entry, draft, _ in self._rows if draft.name]
        if not named:
            return
        known = Pair.objects.filter(
            project=self._project, external_id__among={name for name, *_ in named}
        ).values_list("external_id", "left_trace__external_id", "right_trace__external_id")
        sides = {name: {left, right} for name, left, right in known}
        for name, entry, draft in named:
            mine = {draft.first.external_id, draft.second.external_id}
            if sides.setdefault(name, mine) != mine:
                entry.refuse("id", "a pair of other answers has this id")

    def write(self, tally: Tally, refused: set[int]) -> None:
        """Effects in order: pairs, labels. ``refused`` are lines whose traces were not taken."""
        rows = [row for row in self._rows if row[0].line not in refused]
        if not rows:
            return
        names = {side.external_id for _, draft, _ in rows for side in (draft.first, draft.second)}
        found = Trace.objects.filter(project=self._project, external_id__among=names)
        traces = {trace.external_id: trace for trace in found}
        wanted = []
        for _, draft, _ in rows:
            pair = pair_of(self._project, *(traces[side.external_id] for side in (draft.first, draft.second)))
            pair.external_id = draft.name or pair.external_id
            wanted.append(pair)
        pairs = self._saved(wanted, tally)
        placed = []
        for (entry, draft, criterion), want in zip(rows, wanted, strict=True):
            pair = pairs[couple_of(want)]
            if draft.label is not None and criterion is not None:
                label = _turned(draft.label, pair, traces[draft.first.external_id])
                placed.append(PlacedLabel(entry.line, label, criterion, None, None, pair.pk))
        plan = self._book.plan(placed)
        for row in plan.refused:
            tally.reject(row)
        tally.labels += self._book.enter(plan)

    def _saved(self, wanted: list[Pair], tally: Tally) -> dict[Couple, Pair]:
        known = self._among(wanted)
        new: dict[Couple, Pair] = {}
        for pair in wanted:
            if couple_of(pair) not in known:
                new.setdefault(couple_of(pair), pair)
        Pair.objects.bulk_create(new.values())
        tally.pairs += len(new)
        return known | self._among(list(new.values()))

    def _among(self, wanted: list[Pair]) -> dict[Couple, Pair]:
        """Pairs that are there, of the traces of these."""
        traces = {pk for pair in wanted for pk in couple_of(pair)}
        found = Pair.objects.filter(project=self._project, left_trace__in=traces, right_trace__in=traces)
        # The oldest, should there be two.
        return {couple_of(pair): pair for pair in found.order_by("-pk")}


def _turned(label: LabelDraft, pair: Pair, first: Trace) -> LabelDraft:
    """The label as the pair stands: its first trace may have come to the right."""
    if pair.left_trace_id == first.pk:
        return label
    return replace(label, value=_OTHER_SIDE.get(label.value, label.value))
