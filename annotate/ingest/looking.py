"""The first rows of a file laid out for people: traces with what is said of each step, pairs, labels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from annotate.ingest.drafts import (
    BadRow,
    LabelDraft,
    LabelLine,
    LabelSheet,
    LineupDraft,
    PairDraft,
    TraceDraft,
)
from annotate.ingest.options import PLAIN, ReadOptions
from annotate.ingest.preview import preview_file
from annotate.ingest.readers import AUTO, reader_named

ROWS = 5
STEPS = 12


@dataclass(frozen=True, slots=True)
class SeenStep:
    text: str
    labels: tuple[LabelDraft, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """One trace. ``steps`` are its first ones, ``n_more`` how many follow; ``labels`` are about it as a whole."""

    line: int
    draft: TraceDraft
    steps: tuple[SeenStep, ...]
    n_more: int
    labels: tuple[LabelDraft, ...]


@dataclass(frozen=True, slots=True)
class FirstRows:
    """``format`` is the reader that was found. ``labels`` and ``pairs`` are rows of files that hold those."""

    format: str
    title: str
    traces: tuple[Seen, ...]
    labels: tuple[tuple[int, str, LabelDraft], ...]
    pairs: tuple[tuple[Seen, Seen], ...]
    bad: tuple[BadRow, ...]

    @property
    def is_empty(self) -> bool:
        return not (self.traces or self.labels or self.pairs or self.bad)


def look_at(path: Path, *, format: str = AUTO, options: ReadOptions = PLAIN, n_rows: int = ROWS) -> FirstRows:
    """Read the first rows, bad ones among them. Raises Rejected where the file as a whole cannot be read."""
    traces: list[Seen] = []
    labels: list[tuple[int, str, LabelDraft]] = []
    pairs: list[tuple[Seen, Seen]] = []
    bad: list[BadRow] = []
    found = preview_file(path, format=format, options=options, most=n_rows)
    for row in found.rows:
        if isinstance(row, BadRow):
            bad.append(row)
            continue
        match row.draft:
            case TraceDraft():
                bad += [BadRow(row.line, *flaw) for flaw in row.draft.flaws]
                traces.append(_seen(row.line, row.draft))
            case PairDraft(first, second):
                pairs.append((_seen(row.line, first), _seen(row.line, second)))
            case LineupDraft(ranked, _):
                traces.extend(_seen(row.line, one) for one in ranked)
            case LabelLine(trace, label):
                labels.append((row.line, trace, label))
            case LabelSheet(trace, said):
                labels.extend((row.line, trace, label) for label in said)
    title = reader_named(found.format).title
    return FirstRows(found.format, title, tuple(traces), tuple(labels), tuple(pairs), tuple(bad))


def _seen(line: int, draft: TraceDraft) -> Seen:
    steps = tuple(
        SeenStep(step.text[: len(step.text) - step.tail], _about(draft, position))
        for position, step in enumerate(draft.steps[:STEPS])
    )
    return Seen(line, draft, steps, max(0, len(draft.steps) - STEPS), _about(draft, None))


def _about(draft: TraceDraft, position: int | None) -> tuple[LabelDraft, ...]:
    return tuple(label for label in draft.labels if label.position == position)
