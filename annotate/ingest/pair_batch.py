"""Pairs of traces whose preference came along, on their way into the database.

Used by actions.py, in its transaction.
"""

from __future__ import annotations

from dataclasses import replace

from annotate.ingest.drafts import LabelDraft, PairDraft
from annotate.ingest.label_book import LabelBook, PlacedLabel
from annotate.ingest.memory import Memory
from annotate.ingest.pairing import Couple, couple_of, pair_of
from annotate.ingest.report import Tally
from annotate.ingest.trace_batch import Entry
from annotate.models import Criterion, Pair, Project, Trace

_OTHER_SIDE = {"left": "right", "right": "left"}


class PairBatch:
    """Put the traces of rows that were taken side by side, and enter which is the better one.

    The same two traces are one pair, by the id it first came with, however many rows say something about them.
    ``memory`` holds which pairs the file has spoken of.
    """

    def __init__(self, project: Project, book: LabelBook, memory: Memory) -> None:
        self._project = project
        self._book = book
        self._memory = memory
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

    def refuse_contradictions(self) -> None:
        """Refuse rows that no label can be entered for, before anything of them is written.

        A later file may correct an earlier one; within one file nobody can tell which choice of a rater is meant.
        """
        traces = self._traces()
        wanted = [
            (entry, draft, criterion, pair_of(self._project, *sides))
            for entry, draft, criterion in self._rows
            if len(sides := [traces[one] for one in _names(draft) if one in traces]) == len(_names(draft))
        ]
        pairs = self._among([pair for *_, pair in wanted]) if wanted else {}
        by_pair: dict[int, Entry] = {}
        placed = []
        for entry, draft, criterion, want in wanted:
            pair = pairs.get(couple_of(want))
            if pair is not None and draft.label is not None and criterion is not None:
                label = _turned(draft.label, pair, traces[draft.first.external_id])
                placed.append(PlacedLabel(entry.line, label, criterion, None, None, pair.pk))
                by_pair[pair.pk] = entry
        plan = self._book.plan(placed)
        for one, _ in plan.revisions:
            assert one.pair_id is not None
            first = self._memory.line_of_speaker(one.pair_id, one.draft.rater.name)
            if first is not None:
                reason = f"line {first} has the same two answers with another choice by this rater"
                by_pair[one.pair_id].refuse(one.draft.origin or "value", reason)
        for row in plan.refused:
            entry = next(entry for entry, *_ in wanted if entry.line == row.line)
            entry.refuse(row.field or "value", row.reason)

    def write(self, tally: Tally, refused: set[int]) -> None:
        """Effects in order: pairs, labels. ``refused`` are lines whose traces were not taken."""
        rows = [row for row in self._rows if row[0].line not in refused]
        if not rows:
            return
        traces = self._traces()
        wanted = []
        for _, draft, _ in rows:
            pair = pair_of(self._project, *(traces[name] for name in _names(draft)))
            pair.external_id = draft.name or pair.external_id
            wanted.append(pair)
        pairs = self._saved(wanted, tally)
        placed = []
        for (entry, draft, criterion), want in zip(rows, wanted, strict=True):
            pair = pairs[couple_of(want)]
            if draft.label is not None and criterion is not None:
                label = _turned(draft.label, pair, traces[draft.first.external_id])
                placed.append(PlacedLabel(entry.line, label, criterion, None, None, pair.pk))
        tally.labels += self._book.enter(self._book.plan(placed))
        self._memory.add((one.pair_id, one.line, (one.draft,)) for one in placed if one.pair_id is not None)

    def _traces(self) -> dict[str, Trace]:
        """Those of the rows that are there, by their ids."""
        names = {name for _, draft, _ in self._rows for name in _names(draft)}
        found = Trace.objects.filter(project=self._project, external_id__among=names) if names else ()
        return {trace.external_id: trace for trace in found}

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


def _names(draft: PairDraft) -> tuple[str, str]:
    return draft.first.external_id, draft.second.external_id


def _turned(label: LabelDraft, pair: Pair, first: Trace) -> LabelDraft:
    """The label as the pair stands: its first trace may have come to the right."""
    if pair.left_trace_id == first.pk:
        return label
    return replace(label, value=_OTHER_SIDE.get(label.value, label.value))
