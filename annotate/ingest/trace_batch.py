"""Some hundred traces on their way into the database. Used by actions.py, inside its transaction."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.db.models import Exists, OuterRef
from django.utils import timezone

from annotate.enums import AssignmentState
from annotate.errors import Rejected
from annotate.ingest.candidates import enter_candidates
from annotate.ingest.drafts import BadRow, TraceDraft, fingerprint_of
from annotate.ingest.going_on import GoingOn
from annotate.ingest.image_claims import false_claims
from annotate.ingest.image_store import store_images
from annotate.ingest.label_book import LabelBook, LabelPlan, PlacedLabel
from annotate.ingest.memory import Memory
from annotate.ingest.merging import merged
from annotate.ingest.problem_shelf import ProblemShelf, Shelved
from annotate.ingest.report import Tally
from annotate.ingest.rows import NO_JSON, insert_rows, instant, new_keys
from annotate.ingest.step_rows import insert_steps
from annotate.models import (
    Assignment,
    Comparison,
    Criterion,
    Entrant,
    Label,
    Pair,
    Project,
    Recut,
    Step,
    Trace,
    Unit,
)


class Fate(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


# What a row can change of a trace.
_CHANGED = (
    "problem",
    "source_model",
    "outcome",
    "n_steps",
    "text_hash",
    "content_hash",
    "boundary_version",
    "meta",
)
_COLUMNS = ("problem_id", *_CHANGED[1:])
_NEW = ("id", "project", "external_id", *_CHANGED, "created_at")


@dataclass(slots=True)
class Matched:
    """A trace as it stands in the database and will stand; ``pk`` is 0 until a new one has been written."""

    external_id: str
    pk: int = 0
    problem_id: int = 0
    source_model: str = ""
    outcome: str | None = None
    n_steps: int = 0
    text_hash: str = ""
    content_hash: str = ""
    boundary_version: int = 1
    meta: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Entry:
    """One row of a batch and what it was matched with. ``criteria`` are those of its labels, in order."""

    line: int
    draft: TraceDraft
    criteria: tuple[Criterion, ...] = ()
    # The others of a pair or lineup: all are taken, or none.
    partners: tuple[Entry, ...] = ()
    problem_hash: str = field(init=False)
    text_hash: str = field(init=False)
    content_hash: str = field(init=False)
    n_bytes: int = field(init=False)
    trace: Matched = field(init=False)
    problem: Shelved = field(init=False)
    fate: Fate = Fate.UNCHANGED
    has_new_steps: bool = False
    # Steps were split or merged here: what the file says about single steps is about others.
    keeps_cuts: bool = False
    refusal: BadRow | None = None

    def __post_init__(self) -> None:
        taken = self.draft.fingerprint or fingerprint_of(self.draft)
        self.problem_hash, self.text_hash, self.content_hash, self.n_bytes = taken

    def refuse(self, field_name: str, reason: str) -> None:
        self.refusal = self.refusal or BadRow(self.line, field_name, reason)


class TraceBatch:
    """Match rows with what is there, refuse what would lose something, write the rest in bulk.

    No two rows of a batch may share an id or a content: the caller starts a new batch before the second.
    """

    def __init__(self, project: Project, book: LabelBook, memory: Memory) -> None:
        self._project = project
        self._book = book
        self._memory = memory
        self._entries: list[Entry] = []
        self._keys: set[str] = set()
        # Texts and images wait in memory until the batch is written.
        self.n_bytes = 0

    def __len__(self) -> int:
        return len(self._entries)

    def clashes_with(self, entry: Entry) -> bool:
        return f"id {entry.draft.external_id}" in self._keys or entry.content_hash in self._keys

    def add(self, entry: Entry) -> None:
        self._entries.append(entry)
        self.n_bytes += entry.n_bytes
        self._keys.add(f"id {entry.draft.external_id}")
        self._keys.add(entry.content_hash)

    def write(self, tally: Tally, transaction: ExitStack) -> GoingOn | None:
        """Effects in order: problems, traces, steps, candidates, labels, and every row counted once.

        Steps may go on into the database until ``transaction`` ends, in which they are entered; then they are returned.
        """
        self._match_traces()
        for place, reason in false_claims(self._project, [entry.draft for entry in self._entries]).items():
            self._entries[place].refuse("images", reason)
        self._refuse_losses()
        plan = self._plan_labels()
        self._refuse_partners()
        # Last of the checks: only rows that will be kept may add to a problem.
        shelf = self._take_problems()
        self._refuse_partners()
        plan = plan.without(self.refused)
        entries = self._open()
        shelf.save()
        store_images(self._project, (image for entry in entries for image in entry.draft.images))
        _write_traces(self._project, entries)
        self._memory.add(
            (entry.trace.pk, entry.line, entry.draft.labels)
            for entry in entries
            if entry.has_new_steps or entry.draft.labels
        )
        going = _write_steps(entries, transaction)
        _write_candidates(entries)
        plan.fresh += _labels_of([entry for entry in entries if entry.has_new_steps])
        tally.labels += self._book.enter(plan)
        self._count(tally)
        return going

    @property
    def refused(self) -> set[int]:
        """The lines of rows that are not taken; they are known once the batch is written."""
        return {entry.line for entry in self._entries if entry.refusal}

    def _open(self) -> list[Entry]:
        return [entry for entry in self._entries if entry.refusal is None]

    def _match_traces(self) -> None:
        ids = [entry.draft.external_id for entry in self._entries]
        found = Trace.objects.filter(project=self._project, external_id__among=ids).order_by()
        traces = {row[0]: Matched(*row) for row in found.values_list("external_id", "pk", *_COLUMNS)}
        for entry in self._entries:
            known = traces.get(entry.draft.external_id)
            entry.trace = known or Matched(entry.draft.external_id)
            entry.fate = Fate.UNCHANGED if known else Fate.CREATED
            entry.has_new_steps = entry.trace.content_hash != entry.content_hash
            first = self._memory.line_of(known.pk) if known and entry.has_new_steps else None
            if first is not None:
                # Within one file an id that comes back with other steps is a mistake in the file, not a correction.
                entry.refuse("id", f"line {first} has this id with other steps")
        self._keep_cuts([entry for entry in self._entries if entry.has_new_steps and entry.trace.pk])

    def _keep_cuts(self, entries: list[Entry]) -> None:
        """A trace that was split or merged here stays so: the same text from its file is nothing new."""
        if not entries:
            return
        cut_here = set(
            Recut.objects.filter(trace__in=[entry.trace.pk for entry in entries]).values_list(
                "trace_id", flat=True
            )
        )
        for entry in entries:
            is_same = entry.trace.text_hash == entry.text_hash
            if entry.trace.pk not in cut_here:
                continue
            if not is_same:
                entry.refuse("steps", "the steps have changed, but the trace was split or merged here")
            elif entry.draft.labels or entry.draft.candidates:
                entry.refuse(
                    "labels", "they name steps as the file has them, but the trace was split or merged here"
                )
            else:
                entry.has_new_steps = False
                entry.keeps_cuts = True

    def _refuse_losses(self) -> None:
        """Refuse a copy under a second id, and new steps for a trace that somebody has worked on."""
        changing = [entry for entry in self._open() if entry.has_new_steps]
        contents = [entry.content_hash for entry in changing]
        found = Trace.objects.filter(project=self._project, content_hash__among=contents)
        twins = dict(found.values_list("content_hash", "external_id"))
        worked_on = _worked_on([entry.trace.pk for entry in changing if entry.trace.pk])
        for entry in changing:
            if entry.content_hash in twins:
                entry.refuse(
                    "id", f"the same problem and steps are here as trace {twins[entry.content_hash]!r}"
                )
            elif entry.trace.pk in worked_on:
                entry.refuse("steps", f"the steps have changed, but the trace {worked_on[entry.trace.pk]}")

    def _plan_labels(self) -> LabelPlan:
        """Compare the labels for traces whose steps stay; one that cannot be entered refuses its whole row."""
        known = [entry for entry in self._open() if not entry.has_new_steps]
        plan = self._book.plan(_labels_of(known))
        by_line = {entry.line: entry for entry in known}
        for row in plan.refused:
            by_line[row.line].refuse(row.field or "labels", row.reason)
        for placed, _ in plan.revisions:
            entry = by_line[placed.line]
            first = self._memory.line_of_speaker(entry.trace.pk, placed.draft.rater.name)
            # A later file may correct an earlier one; within one file nobody can tell which of the two is meant.
            if first is not None:
                reason = (
                    f"line {first} has labels by this rater on the same trace, from which this one differs"
                )
                entry.refuse(placed.draft.place("value"), reason)
        return plan

    def _refuse_partners(self) -> None:
        for entry in self._entries:
            for partner in entry.partners:
                entry.refusal = entry.refusal or partner.refusal

    def _take_problems(self) -> ProblemShelf:
        entries = self._open()
        shelf = ProblemShelf(self._project, ((entry.problem_hash, entry.draft.problem) for entry in entries))
        for entry in entries:
            try:
                entry.problem, is_fuller = shelf.take(entry.problem_hash, entry.draft.problem)
            except Rejected as error:
                entry.refuse(error.field or "problem", error.reason)
            else:
                entry.fate = Fate.UPDATED if is_fuller and entry.fate is Fate.UNCHANGED else entry.fate
        return shelf

    def _count(self, tally: Tally) -> None:
        told: set[int] = set()
        for entry in self._entries:
            if entry.refusal is not None:
                if entry.line not in told:
                    tally.reject(entry.refusal)
                told.add(entry.line)
                continue
            for flaw in entry.draft.flaws:
                tally.leave_out(BadRow(entry.line, flaw.field, flaw.reason))
            if entry.fate is Fate.CREATED:
                tally.created += 1
            elif entry.fate is Fate.UPDATED:
                tally.updated += 1
            else:
                tally.unchanged += 1


def _worked_on(traces: list[int]) -> dict[int, str]:
    """Traces whose steps must stay, each with why."""
    if not traces:
        return {}
    held = Assignment.objects.filter(trace__in=traces).exclude(state=AssignmentState.OPEN)
    why = dict.fromkeys(
        Unit.objects.filter(trace__in=traces).values_list("trace_id", flat=True), "is part of a run"
    )
    why |= dict.fromkeys(held.values_list("trace_id", flat=True), "is or was with an annotator")
    for pairs in _comparisons_of(traces):
        why |= dict.fromkeys(pairs, "is or was compared by somebody")
    for path in ("step__trace_id", "trace_id", "candidate__step__trace_id"):
        labelled = Label.objects.filter(**{f"{path.removesuffix('_id')}__in": traces}).values_list(
            path, flat=True
        )
        why |= dict.fromkeys(labelled.distinct(), "has labels, which would be stranded")
    return why


def _comparisons_of(traces: list[int]) -> Iterator[Iterable[int]]:
    """Those of the traces that a person has compared, or a machine, side by side or in a lineup."""
    begun = Comparison.objects.exclude(state=AssignmentState.OPEN)
    for path in ("left_trace_id", "right_trace_id", "left_step__trace_id", "right_step__trace_id"):
        about = Pair.objects.filter(**{f"{path.removesuffix('_id')}__in": traces})
        is_compared = Exists(begun.filter(pair=OuterRef("pk"))) | Exists(
            Label.objects.filter(pair=OuterRef("pk"))
        )
        yield about.filter(is_compared).values_list(path, flat=True).distinct()
    is_ordered = Exists(begun.filter(lineup=OuterRef("lineup"))) | Exists(
        Label.objects.filter(lineup=OuterRef("lineup"))
    )
    yield Entrant.objects.filter(is_ordered, trace__in=traces).values_list("trace_id", flat=True)


def _labels_of(entries: list[Entry]) -> list[PlacedLabel]:
    """The labels of rows whose steps are in the database."""
    speaking = {entry.trace.pk: entry for entry in entries if entry.draft.labels}
    if not speaking:
        return []
    found = Step.objects.filter(trace__in=speaking).values_list("trace_id", "position", "pk")
    steps = {(trace, position): pk for trace, position, pk in found}
    placed = []
    for trace, entry in speaking.items():
        for criterion, label in zip(entry.criteria, entry.draft.labels, strict=True):
            step = None if label.position is None else steps[trace, label.position]
            placed.append(PlacedLabel(entry.line, label, criterion, step, trace if step is None else None))
    return placed


def _write_traces(project: Project, entries: list[Entry]) -> None:
    changed: list[Trace] = []
    created: list[Matched] = []
    for entry in entries:
        is_changed = _describe(entry)
        if entry.fate is Fate.CREATED:
            created.append(entry.trace)
        elif is_changed:
            changed.append(
                Trace(pk=entry.trace.pk, **{name: getattr(entry.trace, name) for name in _COLUMNS})
            )
            entry.fate = Fate.UPDATED
    if changed:
        Trace.objects.bulk_update(changed, _CHANGED)
    if not created:
        return
    for trace, key in zip(created, new_keys(Trace, len(created)), strict=True):
        trace.pk = key
    now = instant(timezone.now())
    insert_rows(
        Trace,
        _NEW,
        [
            (
                one.pk,
                project.pk,
                one.external_id,
                one.problem_id,
                one.source_model,
                one.outcome and str.__str__(one.outcome),
                one.n_steps,
                one.text_hash,
                one.content_hash,
                one.boundary_version,
                json.dumps(one.meta) if one.meta else NO_JSON,
                now,
            )
            for one in created
        ],
    )


def _describe(entry: Entry) -> bool:
    """Carry the row over to its trace; whether that changed it. What the row leaves unsaid stays as it is."""
    trace, draft = entry.trace, entry.draft
    before = (trace.source_model, trace.outcome, trace.meta)
    trace.source_model = draft.source_model or trace.source_model
    trace.outcome = draft.outcome or trace.outcome
    trace.meta = merged(trace.meta, draft.meta)
    if entry.has_new_steps:
        trace.problem_id = entry.problem.pk
        trace.n_steps = len(draft.steps)
        trace.text_hash = entry.text_hash
        trace.content_hash = entry.content_hash
        trace.boundary_version += 1 if trace.pk else 0
    return entry.has_new_steps or before != (trace.source_model, trace.outcome, trace.meta)


def _write_steps(entries: list[Entry], transaction: ExitStack) -> GoingOn | None:
    """Write what is new in the meta of old steps, and new steps, which may go on until the transaction ends."""
    _merge_step_meta([entry for entry in entries if not (entry.has_new_steps or entry.keeps_cuts)])
    renewed = [entry for entry in entries if entry.has_new_steps]
    replaced = [entry.trace.pk for entry in renewed if entry.fate is Fate.UPDATED]
    if replaced:
        Step.objects.filter(trace__in=replaced).delete()
    if not renewed:
        return None
    going = insert_steps((entry.trace.pk, entry.draft.steps) for entry in renewed)
    return transaction.enter_context(going) if going else None


def _write_candidates(entries: list[Entry]) -> None:
    """Add the texts that came along with steps; those that are there already stay as they are."""
    speaking = {entry.trace.pk: entry for entry in entries if entry.draft.candidates}
    if not speaking:
        return
    found = Step.objects.filter(trace__in=speaking).values_list("trace_id", "position", "pk")
    steps = {(trace, position): pk for trace, position, pk in found}
    for trace, entry in speaking.items():
        rows = [(steps[trace, draft.position], draft) for draft in entry.draft.candidates]
        if enter_candidates(rows) and entry.fate is Fate.UNCHANGED:
            entry.fate = Fate.UPDATED


def _merge_step_meta(entries: list[Entry]) -> None:
    speaking = {entry.trace.pk: entry for entry in entries if any(step.meta for step in entry.draft.steps)}
    changed = []
    for step in Step.objects.filter(trace__in=speaking) if speaking else ():
        entry = speaking[step.trace_id]
        meta = merged(step.meta, entry.draft.steps[step.position].meta)
        if meta != step.meta:
            step.meta = meta
            changed.append(step)
            entry.fate = Fate.UPDATED
    Step.objects.bulk_update(changed, ["meta"])
