"""How a person's answers become rows: which are new, which are there already, and which would go over another's.

For :mod:`annotate.label.actions`, which holds the lease and the transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext

from annotate.enums import CandidateKind, CriterionKind, Scope
from annotate.errors import Rejected
from annotate.ingest.founding import freeze_rubric
from annotate.models import Assignment, Criterion, Label, Step
from annotate.prepared import Prepared, PreparedInsert

from .answers import Said, Spot, Written, clean_answer, clean_seconds
from .completeness import Place
from .cut_versions import CAME_LATE, Moved, moved
from .opening import opened
from .queries import Sheet, asked_criteria, blank_sheet, reader_of, said_by
from .rating import Rated, Texts, candidates_for


@dataclass(slots=True)
class Row:
    """A label as far as writing the next one cares."""

    pk: int
    value: str
    text: str
    seconds: float | None
    is_live: bool
    is_here: bool  # written in this assignment; others are imports, or from a slot the person lost
    key: str


class NewLabel(NamedTuple):
    """A label's columns as they are to be written."""

    rater_id: int
    criterion_id: int
    step_id: int | None
    trace_id: int | None
    candidate_id: int | None
    assignment_id: int
    value: str
    text: str
    seconds: float | None
    is_live: bool
    has_seen_prelabels: bool
    evidence: dict[str, Any]
    supersedes_id: int | None
    created_at: datetime


class Ledger:
    """What the holder of an assignment has said at some of its places, and the writing of more.

    At most two queries to open (three where there are texts to rate), whatever the number of places; at most three to
    write a batch.
    """

    def __init__(self, held: Assignment, positions: Collection[int] | None = None) -> None:
        """``held`` comes from :func:`held_for_writing`; without ``positions`` the whole trace is opened.

        The slot is locked, and who cuts a trace anew locks its slots first: this is how it is cut now.
        """
        self.held = held
        self.criteria: Mapping[int, Criterion] = {one.pk: one for one in asked_criteria(held.project)}
        given = candidates_for(held.trace_id, self.criteria.values(), with_texts=False)
        # A rating may be written without its step being opened.
        self.candidates = {one.pk: one for one in given}
        reader = reader_of(held)
        steps, known = opened(held, reader.pk, reader.person_id or 0, positions)
        self.boundary, self.has_seen_prelabels = known.boundary, known.has_seen
        self.steps = {one.position: one.pk for one in steps}
        self.kinds = [one.kind for one in steps]
        position_of = {one.pk: one.position for one in steps}
        self.texts = Texts([one for one in given if one.step_id in position_of], position_of)
        self.rows: dict[Spot, list[Row]] = {}
        if not (given or known.has_said or any(one.is_answered for one in steps)):
            # Most sheets that are submitted whole have no label yet.
            return
        about: dict[str, Any] = {"trace": held.trace_id, "rater": reader.pk, "steps": list(position_of)}
        if given:
            about["candidates"] = list(self.candidates)
        for row in _said_before.all(**about):
            pk, criterion, step, candidate, assignment, value, text, seconds, is_live, evidence = row
            # Those of an earlier version are not this ledger's. They are few, and an index over a whole question long.
            if criterion in self.criteria:
                spot = (criterion, None if step is None else position_of[step], candidate)
                here, key = assignment == held.pk, evidence.get("key", "")
                self.rows.setdefault(spot, []).append(Row(pk, value, text, seconds, is_live, here, key))

    def blank(self) -> Sheet:
        """The sheet as a posted form is read by: the questions and the steps, whose texts only corrections need."""
        if any(one.kind == CriterionKind.CORRECTION for one in self.criteria.values()):
            return blank_sheet(self.held)
        trace = self.held.trace_id
        known = ((pk, trace, at, kind) for (at, pk), kind in zip(self.steps.items(), self.kinds, strict=True))
        return Sheet(
            criteria=tuple(self.criteria.values()),
            groups=(),
            steps=tuple(Step.from_db(None, ("id", "trace_id", "position", "kind"), one) for one in known),
            answers={},
            candidates=tuple(self.texts.candidates),
            boundary=self.boundary,
        )

    def standing(self, spot: Spot) -> Row | None:
        return next((row for row in self.rows.get(spot, ()) if row.is_live), None)

    @property
    def drafts(self) -> dict[Place, Row]:
        """What stands in this assignment about steps and the trace, by place."""
        return {(pk, position): row for (pk, position, one), row in self._here() if one is None}

    @property
    def ratings(self) -> dict[Rated, Row]:
        """What stands in this assignment about candidates."""
        return {(pk, one): row for (pk, _, one), row in self._here() if one is not None}

    def _here(self) -> Iterator[tuple[Spot, Row]]:
        for spot in self.rows:
            row = self.standing(spot)
            if row is not None and row.is_here:
                yield spot, row

    def place(self, said: Sequence[Said]) -> list[Moved]:
        """Where answers belong as the trace is cut now."""
        if all(one.boundary is None or one.position is None or one.boundary == self.boundary for one in said):
            return [Moved(one) for one in said]
        steps = Step.objects.filter(trace_id=self.held.trace_id)
        return moved(self.held.trace, said, dict(steps.values_list("pk", "position")))

    def write_placed(self, placed: Sequence[Moved]) -> list[Written]:
        """Write answers that are about steps of now; keep beside the old step, not standing, what came too late."""
        standing = iter(self.write([one.said for one in placed if one.gone is None]))
        return [
            next(standing) if one.gone is None else self._kept_aside(one.said, one.gone) for one in placed
        ]

    def _kept_aside(self, one: Said, gone: Step) -> Written:
        refusal = Rejected(
            gettext(
                "Step %(number)s was split or merged before your answer arrived. The page shows the steps as they"
                " are now, with your answer beside them."
            )
            % {"number": "" if one.position is None else one.position + 1},
            field="boundary",
        )
        criterion = self.criteria.get(one.criterion_id)
        own = Label.objects.filter(rater=reader_of(self.held), step=gone, criterion=one.criterion_id)
        is_known = one.key and any(key == one.key for key in own.values_list("evidence__key", flat=True))
        if criterion is None or one.is_cleared or is_known:
            return Written(refusal=refusal)
        try:
            value, text = clean_answer(criterion, one.value, one.text, None)
        except Rejected:
            return Written(refusal=refusal)
        Label.objects.create(
            rater=reader_of(self.held),
            criterion=criterion,
            step=gone,
            assignment=self.held,
            value=value,
            text=text,
            seconds=clean_seconds(one.seconds),
            is_live=False,
            has_seen_prelabels=self.has_seen_prelabels,
            evidence={CAME_LATE: True} | ({"key": one.key} if one.key else {}),
        )
        return Written(refusal=refusal)

    def write(self, said: Sequence[Said]) -> list[Written]:
        """Write some answers in their order; see :func:`actions.save_answers`."""
        written: list[Written] = []
        # What this sender has said at a place in this very request, it has also seen there.
        known: dict[Spot, int] = {}
        for some in _once_per_place(said):
            for one, outcome in zip(some, self._write_places(some, known), strict=True):
                written.append(outcome)
                if outcome.label_id is not None and not outcome.is_conflict:
                    known[one.spot] = outcome.label_id
        return written

    def _write_places(self, said: Sequence[Said], known: Mapping[Spot, int]) -> list[Written]:
        outcome: list[Written | NewLabel] = []
        retired: list[Row] = []
        new: list[tuple[Said, NewLabel]] = []
        for one in said:
            try:
                label = self._label_of(one, known.get(one.spot, one.seen))
            except Rejected as refusal:
                label = Written(refusal=refusal)
            outcome.append(label)
            if isinstance(label, NewLabel):
                new.append((one, label))
                if (standing := self.standing(one.spot)) is not None:
                    retired.append(standing)
        if retired:
            retire([row.pk for row in retired])
            for row in retired:
                row.is_live = False
        if new:
            freeze_rubric(self.criteria[new[0][1].criterion_id].rubric)
        pks = _insert([label for _, label in new])
        for pk, (one, label) in zip(pks, new, strict=True):
            row = Row(pk, label.value, label.text, label.seconds, label.is_live, True, one.key)
            self.rows.setdefault(one.spot, []).append(row)
        left = iter(pks)
        return [Written(next(left)) if isinstance(one, NewLabel) else one for one in outcome]

    def _label_of(self, one: Said, seen: int | None) -> NewLabel | Written:
        """The row to write, or why there is none."""
        criterion = self._criterion_of(one)
        value, text = "", ""
        if not one.is_cleared:
            body = None if one.position is None else partial(self._body_of, one.position)
            value, text = clean_answer(
                criterion, one.value, one.text, body, self._alternatives_at(one.position)
            )
        seconds = clean_seconds(one.seconds)
        settled = self._settled(one, value, text, seen)
        if settled is not None:
            return settled
        standing = self.standing(one.spot)
        return NewLabel(
            rater_id=reader_of(self.held).pk,
            criterion_id=criterion.pk,
            step_id=None if one.position is None else self.steps[one.position],
            trace_id=self.held.trace_id if one.position is None and one.candidate is None else None,
            candidate_id=one.candidate,
            assignment_id=self.held.pk,
            value=value,
            text=text,
            seconds=seconds,
            is_live=not one.is_cleared,
            has_seen_prelabels=self.has_seen_prelabels,
            evidence=({"key": one.key} if one.key else {}) | ({"is_filled": True} if one.is_filled else {}),
            supersedes_id=standing.pk if standing else None,
            created_at=timezone.now(),
        )

    def _settled(self, one: Said, value: str, text: str, seen: int | None) -> Written | None:
        """What becomes of a saying that writes nothing: it is there already, or another one came before it."""
        rows, standing = self.rows.get(one.spot, ()), self.standing(one.spot)
        if one.key and (twin := next((row for row in rows if row.key == one.key), None)):
            return Written(twin.pk)
        if standing is None and one.is_cleared:
            return Written()
        here = standing if standing is not None and standing.is_here else None
        if here is not None and not one.is_cleared and (here.value, here.text) == (value, text):
            return Written(here.pk)
        newest = max((row.pk for row in rows if row.is_here), default=0)
        if seen is not None and newest > seen:
            return Written(newest, True, here.value if here else "", here.text if here else "")
        return None

    def _alternatives_at(self, position: int | None) -> list[int]:
        if position is None:
            return []
        return [one.position for one in self.texts.at(position, CandidateKind.ALTERNATIVE)]

    def _body_of(self, position: int) -> str:
        return Step.objects.get(pk=self.steps[position]).body

    def _criterion_of(self, one: Said) -> Criterion:
        criterion = self.criteria.get(one.criterion_id)
        if criterion is None:
            raise Rejected(
                gettext("This question is not in the rubric any more. Reload the page."), field="criterion"
            )
        if (one.candidate is not None) != (criterion.scope == Scope.CANDIDATE):
            if one.candidate is None:
                raise Rejected(
                    gettext("%(criterion)s is about a candidate.") % {"criterion": criterion},
                    field="candidate",
                )
            raise Rejected(
                gettext("%(criterion)s is about a %(scope)s, not a candidate.")
                % {"criterion": criterion, "scope": criterion.scope},
                field="candidate",
            )
        if one.candidate is not None:
            text = self.candidates.get(one.candidate)
            if text is None or one.position is not None:
                raise Rejected(
                    gettext("%(criterion)s needs a candidate of this trace.") % {"criterion": criterion},
                    field="candidate",
                )
            if text.kind != criterion.candidate_kind:
                raise Rejected(
                    gettext("%(criterion)s is about %(candidate_kind)ss.")
                    % {"criterion": criterion, "candidate_kind": criterion.candidate_kind},
                    field="candidate",
                )
            return criterion
        if criterion.scope == Scope.STEP and one.position is None:
            raise Rejected(
                gettext("%(criterion)s needs a step of this trace.") % {"criterion": criterion}, field="step"
            )
        if criterion.scope == Scope.TRACE and one.position is not None:
            raise Rejected(
                gettext("%(criterion)s is about this trace as a whole.") % {"criterion": criterion},
                field="trace",
            )
        if one.position is not None and one.position not in self.steps:
            raise Rejected(
                gettext("This trace has %(n_steps)s steps.") % {"n_steps": self.held.trace.n_steps},
                field="position",
            )
        if one.step is not None and one.position is not None and self.steps[one.position] != one.step:
            raise Rejected(
                gettext("Steps of this trace have been split or merged meanwhile. Read it again."),
                field="boundary",
            )
        return criterion


def open_ledger(held: Assignment, said: Sequence[Said]) -> tuple[Ledger, list[Moved]]:
    """The ledger at the places that some answers name, and where these are now; call it with the slot locked.

    Answers from a page on which the trace was cut otherwise are looked up under the version they name.
    """
    ledger = Ledger(held, {one.position for one in said if one.position is not None})
    placed = ledger.place(said)
    if any(one.said.position not in ledger.steps for one in placed if one.said.position is not None):
        ledger = Ledger(held, {one.said.position for one in placed if one.said.position is not None})
    return ledger, placed


def _about(
    rater: int, trace: int, steps: list[int], candidates: Sequence[int] = ()
) -> QuerySet[Label, tuple[Any, ...]]:
    # By the steps' ids, not through a join: in a table of millions both sides of the OR then have an index.
    about = Q(step__in=steps) | Q(trace=trace)
    if candidates:
        about |= Q(candidate__in=candidates)
    names = ("pk", "criterion_id", "step_id", "candidate_id", "assignment_id")
    return (
        said_by(rater)
        .filter(about)
        .values_list(*names, "value", "text", "seconds", "is_live", "evidence")
        .order_by("pk")
    )


_insert = PreparedInsert(Label, NewLabel._fields)
_said_before: Prepared[tuple[Any, ...]] = Prepared(_about)


def _once_per_place(said: Sequence[Said]) -> Iterator[list[Said]]:
    """Cut the sequence so that no part speaks of one place twice."""
    some: list[Said] = []
    spots: set[Spot] = set()
    for one in said:
        if one.spot in spots:
            yield some
            some, spots = [], set()
        some.append(one)
        spots.add(one.spot)
    if some:
        yield some


def retire(ids: Sequence[int]) -> None:
    """Let these labels stand no longer."""
    Label.objects.filter(pk__in=ids).update(is_live=False)
