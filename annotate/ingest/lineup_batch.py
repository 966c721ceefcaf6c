"""Lineups whose orders came along, on their way into the database. Used by actions.py, in its transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from annotate.ingest.drafts import LabelDraft, LineupDraft
from annotate.ingest.label_book import LabelBook, PlacedLabel
from annotate.ingest.lining_up import lineup_of
from annotate.ingest.memory import Memory
from annotate.ingest.rankings import read_ranking, write_ranking
from annotate.ingest.report import Tally
from annotate.ingest.trace_batch import Entry
from annotate.models import Criterion, Entrant, Lineup, Project, Trace

# The traces of a lineup by their keys, each with its place.
_Places = Mapping[int, int]


class LineupBatch:
    """Line up the traces of rows that were taken, and enter in which order raters have put them.

    The same traces are one lineup, however many rows say something about them. ``memory`` holds of which the file has
    spoken.
    """

    def __init__(self, project: Project, book: LabelBook, memory: Memory) -> None:
        self._project = project
        self._book = book
        self._memory = memory
        self._rows: list[tuple[Entry, LineupDraft, tuple[Criterion, ...]]] = []

    def add(self, entry: Entry, draft: LineupDraft, criteria: tuple[Criterion, ...]) -> None:
        """``entry`` is the row's first trace."""
        self._rows.append((entry, draft, criteria))

    def refuse_contradictions(self) -> None:
        """Refuse rows whose labels cannot be entered, before anything of them is written."""
        traces = self._traces()
        whole = [row for row in self._rows if all(one.external_id in traces for one in row[1].traces)]
        found = self._found([self._wanted(draft, traces)[0].external_id for _, draft, _ in whole])
        for entry, draft, criteria in whole:
            wanted, _ = self._wanted(draft, traces)
            if wanted.external_id not in found:
                continue
            lineup, places = found[wanted.external_id]
            plan = self._book.plan(_placed(entry, draft, criteria, traces, lineup, places))
            for one, _ in plan.revisions:
                first = self._memory.line_of_speaker(lineup, one.draft.rater.name)
                if first is not None:
                    entry.refuse(
                        one.draft.origin or "value",
                        f"line {first} has the same answers in another order by this rater",
                    )
            for row in plan.refused:
                entry.refuse(row.field or "value", row.reason)

    def write(self, tally: Tally, refused: set[int]) -> None:
        """Effects in order: lineups, labels. ``refused`` are lines whose traces were not taken."""
        rows = [row for row in self._rows if row[0].line not in refused]
        if not rows:
            return
        traces = self._traces()
        found = self._saved([self._wanted(draft, traces) for _, draft, _ in rows], tally)
        placed = []
        for entry, draft, criteria in rows:
            lineup, places = found[self._wanted(draft, traces)[0].external_id]
            placed += _placed(entry, draft, criteria, traces, lineup, places)
        tally.labels += self._book.enter(self._book.plan(placed))
        self._memory.add(
            (one.lineup_id, one.line, (one.draft,)) for one in placed if one.lineup_id is not None
        )

    def _traces(self) -> dict[str, Trace]:
        names = {one.external_id for _, draft, _ in self._rows for one in draft.traces}
        found = Trace.objects.filter(project=self._project, external_id__among=names) if names else ()
        return {trace.external_id: trace for trace in found}

    def _wanted(self, draft: LineupDraft, traces: Mapping[str, Trace]) -> tuple[Lineup, list[Trace]]:
        some = [traces[one.external_id] for one in draft.traces]
        return lineup_of(self._project, some[0].problem_id, some)

    def _saved(
        self, wanted: list[tuple[Lineup, list[Trace]]], tally: Tally
    ) -> dict[str, tuple[int, _Places]]:
        known = self._found([lineup.external_id for lineup, _ in wanted])
        new = {
            lineup.external_id: (lineup, drawn) for lineup, drawn in wanted if lineup.external_id not in known
        }
        lineups = Lineup.objects.bulk_create([lineup for lineup, _ in new.values()])
        Entrant.objects.bulk_create(
            Entrant(lineup=lineup, trace=trace, place=place)
            for lineup in lineups
            for place, trace in enumerate(new[lineup.external_id][1])
        )
        tally.lineups += len(new)
        return known | self._found(list(new))

    def _found(self, names: list[str]) -> dict[str, tuple[int, _Places]]:
        """Those that are there, by name: their keys and places."""
        if not names:
            return {}
        about = Entrant.objects.filter(lineup__project=self._project, lineup__external_id__in=names)
        found: dict[str, tuple[int, dict[int, int]]] = {}
        for name, lineup, trace, place in about.order_by("lineup", "place").values_list(
            "lineup__external_id", "lineup", "trace", "place"
        ):
            found.setdefault(name, (lineup, {}))[1][trace] = place
        return dict(found)


def _placed(
    entry: Entry,
    draft: LineupDraft,
    criteria: tuple[Criterion, ...],
    traces: Mapping[str, Trace],
    lineup: int,
    places: _Places,
) -> list[PlacedLabel]:
    order = [places[traces[one.external_id].pk] for one in draft.traces]
    return [
        PlacedLabel(entry.line, _lettered(label, order), criterion, None, None, lineup_id=lineup)
        for label, criterion in zip(draft.labels, criteria, strict=True)
    ]


def _lettered(label: LabelDraft, places: list[int]) -> LabelDraft:
    """The label by the lineup's places: ``places`` has that of each trace as the draft has them."""
    ranks = read_ranking(label.value, len(places))
    return replace(label, value=write_ranking([[places[one] for one in rank] for rank in ranks]))
