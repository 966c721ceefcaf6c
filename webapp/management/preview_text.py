"""A row as it would come in, in lines for a terminal. What is left out is said."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from annotate.ingest.drafts import (
    BadRow,
    LabelDraft,
    LabelLine,
    LabelSheet,
    LineupDraft,
    PairDraft,
    Row,
    TraceDraft,
)
from annotate.models.lineup import LETTERS

LONGEST = 300
MOST_STEPS = 40


def lines_of(row: Row | BadRow) -> Iterator[str]:
    yield ""
    if isinstance(row, BadRow):
        yield f"line {row.line}" + (f", {row.field}" if row.field else "") + f": {row.reason}"
        return
    yield f"line {row.line}"
    match row.draft:
        case TraceDraft():
            yield from _trace(row.draft)
        case PairDraft(first, second):
            yield "preferred:"
            yield from _trace(first)
            yield "to:"
            yield from _trace(second)
        case LineupDraft(traces, labels):
            for letter, trace in zip(LETTERS, traces, strict=False):
                yield f"{letter}:"
                yield from _trace(trace)
            yield from _labels(labels)
        case LabelSheet(trace, labels, by_message):
            yield f"labels on trace {trace}" + (", by message" if by_message else "")
            yield from _labels(labels)
        case LabelLine(trace, label):
            yield f"a label on trace {trace}"
            yield from _labels([label])


def _trace(draft: TraceDraft) -> Iterator[str]:
    about = [draft.source_model, draft.outcome or ""]
    yield f"trace {draft.external_id}" + "".join(f", {one}" for one in about if one)
    yield f"  problem: {_short(draft.problem.text)}"
    if draft.problem.reference_answer is not None:
        yield f"  reference answer: {_short(draft.problem.reference_answer)}"
    said: dict[int | None, list[LabelDraft]] = defaultdict(list)
    for label in draft.labels:
        said[label.position].append(label)
    for position, step in enumerate(draft.steps[:MOST_STEPS]):
        body = step.text[: len(step.text) - step.tail] if step.tail else step.text
        yield f"  {position} ({step.kind}): {_short(body)}"
        yield from (f"    {line}" for line in _labels(said[position]))
    if len(draft.steps) > MOST_STEPS:
        yield f"  and {len(draft.steps) - MOST_STEPS:,} more steps"
    yield from (f"  {line}" for line in _labels(said[None]))
    if draft.candidates:
        yield f"  {len(draft.candidates)} alternatives and critiques"


def _labels(labels: Iterable[LabelDraft]) -> Iterator[str]:
    for label in labels:
        where = "" if label.position is None else f" at {label.position}"
        said = label.value or _short(label.text)
        yield f"{label.criterion}{where}: {said}, by {label.rater.name} ({label.rater.kind})"


def _short(text: str) -> str:
    line = text.strip().replace("\n", "⏎ ")
    shown = "".join(one if one.isprintable() else "�" for one in line[:LONGEST])
    return shown if len(line) <= LONGEST else f"{shown}… ({len(line) - LONGEST:,} characters more)"
