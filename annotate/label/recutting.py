"""A step split in two, or two steps merged: the trace's next boundary version, in one transaction.

The only writer of recuts. In this order everything else that writes about the trace is locked out (files on their way
in, people's answers, machines' findings and reviewers' decisions all wait for one of these rows): the project, the
trace's slots, the trace. So an answer is written either before, and is carried with the others, or after, and then
says under which version it was made (``cut_versions.py``).

What an act would do is found by doing it and taking it back: the counts that are shown are the counts that are kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from annotate.assign.returning import return_assignment
from annotate.enums import AssignmentState, CutAnswer, Purpose, RaterKind, RecutKind, UnitState
from annotate.errors import Conflict, Rejected
from annotate.ingest.boundaries import check_cut, merge_steps, split_step
from annotate.models import (
    Assignment,
    Candidate,
    Comment,
    CutReport,
    Pair,
    Person,
    Project,
    Recut,
    Step,
    Trace,
    Turn,
    Unit,
)

from .cut_labels import Carrying, carry_labels
from .queries import sheet_of

LONGEST_REASON = 2_000


@dataclass(frozen=True, slots=True)
class Cut:
    """What is to be done: split the step at ``position`` before its character ``at``, or with None merge it with the
    next. ``version`` is the boundary version that the person has seen."""

    position: int
    version: int
    at: int | None = None
    reason: str = ""

    @property
    def kind(self) -> RecutKind:
        return RecutKind.MERGE if self.at is None else RecutKind.SPLIT


@dataclass(frozen=True, slots=True)
class Line:
    """What becomes of the answers of one kind of rater to one question. ``reasons``: why, with how many each."""

    rater_kind: str
    criterion: str
    n_carried: int
    n_aside: int
    reasons: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Effect:
    """What an act comes to, done or not. ``act`` is None where it was only tried.

    ``n_returned`` counts the readings that go back to their readers, ``n_held`` those that are being made just now.
    ``n_units`` are machines' looks at the trace that start over, ``n_candidates`` the texts given for a step that goes,
    which come back with it, ``n_pairs`` the comparisons with it, which stay as they are.
    """

    kind: RecutKind
    lines: tuple[Line, ...]
    n_returned: int = 0
    n_held: int = 0
    n_units: int = 0
    n_candidates: int = 0
    n_pairs: int = 0
    is_undoing: bool = False
    act: Recut | None = None
    parts: tuple[str, ...] = ()

    @property
    def n_carried(self) -> int:
        return sum(line.n_carried for line in self.lines)

    @property
    def n_aside(self) -> int:
        return sum(line.n_aside for line in self.lines)


def recut(
    trace: Trace, person: Person, cut: Cut, *, report: CutReport | None = None, is_dry_run: bool = False
) -> Effect:
    """Do it, and answer ``report`` with it; a dry run does the same and takes it back.

    Raises Rejected for what cannot be cut so, Conflict where the trace is at another version than the person has seen.
    """
    if len(cut.reason) > LONGEST_REASON or "\x00" in cut.reason:
        raise Rejected(
            gettext("The reason has at most %(most)s characters and no NUL.") % {"most": LONGEST_REASON},
            field="reason",
        )
    with transaction.atomic():
        effect = _recut(trace, person, cut, report)
        if is_dry_run:
            transaction.set_rollback(True)
    # What was worked on was a copy: the caller's row says again what the database does.
    trace.refresh_from_db(fields=["boundary_version", "n_steps", "content_hash"])
    return replace(effect, act=None) if is_dry_run else effect


def _recut(trace: Trace, person: Person, cut: Cut, report: CutReport | None) -> Effect:
    Project.objects.select_for_update(no_key=True).get(pk=trace.project_id)
    slots = list(Assignment.objects.select_for_update(of=("self",)).filter(trace=trace.pk).order_by("pk"))
    # What is decided may be open again in the new steps.
    Turn.objects.filter(trace=trace.pk, is_settled=True).update(is_settled=False)
    current = Trace.objects.select_for_update(of=("self",)).select_related("problem").get(pk=trace.pk)
    if cut.version != current.boundary_version:
        raise Conflict(
            gettext(
                "The steps of this trace have been cut anew since this page was loaded. Look at them again first."
            )
        )
    if report is not None:
        report = _open_report(report, current)
    took = _steps_to_take(current, cut)
    undoes = _undone_by(took, cut)
    complete = [slot for slot in slots if _is_complete(slot)]
    act = Recut(
        trace=current,
        version=current.boundary_version + 1,
        kind=cut.kind,
        position=cut.position,
        at=cut.at,
        start=sum(len(step.text) for step in current.steps.filter(position__lt=cut.position)),
        took=[step.pk for step in took],
        made=[],
        reason=cut.reason.strip(),
        person=person,
        undoes=undoes,
    )
    n_units = Unit.objects.filter(trace=current, state__in=(UnitState.PENDING, UnitState.RUNNING)).count()
    again = _rows_of(undoes.took) if undoes else []
    if cut.at is not None:
        made = split_step(current, took[0], cut.at, again)
    else:
        made = merge_steps(current, took[0], took[1], again)
    act.made = [step.pk for step in made]
    act.save()
    done = carry_labels(act, took, made)
    lines = _lines(done)
    act.retired = done.retired
    act.aside = [{"label": label.pk, "why": why} for label, why in done.aside]
    act.moved = _move_words(act, made)
    effect = Effect(
        kind=cut.kind,
        lines=lines,
        n_returned=_send_back(act, complete, person, made[0]),
        n_held=sum(slot.state == AssignmentState.HELD for slot in slots),
        n_units=n_units,
        n_candidates=Candidate.objects.filter(step__in=took).count(),
        n_pairs=(Pair.objects.filter(left_step__in=took) | Pair.objects.filter(right_step__in=took)).count(),
        is_undoing=undoes is not None,
        act=act,
        parts=tuple(step.text for step in made),
    )
    act.counts = {"carried": effect.n_carried, "aside": effect.n_aside, "returned": effect.n_returned}
    act.save(update_fields=["retired", "aside", "moved", "counts"])
    if report is not None:
        close_report(report, person, CutAnswer(str(cut.kind)), cut.reason, act)
    return effect


def close_report(
    report: CutReport, person: Person, answer: CutAnswer, text: str = "", act: Recut | None = None
) -> None:
    """Write what came of a report that is open and locked."""
    report.answer, report.answer_text = answer, text.strip()
    report.answered_at, report.answered_by, report.recut = timezone.now(), person, act
    report.save(update_fields=["answer", "answer_text", "answered_at", "answered_by", "recut"])


def _open_report(report: CutReport, trace: Trace) -> CutReport:
    current = CutReport.objects.select_for_update(of=("self",)).get(pk=report.pk)
    if current.trace_id != trace.pk:
        raise Rejected(gettext("That is a report about another trace."), field="report")
    if not current.is_open:
        raise Conflict(gettext("Somebody else has answered this report meanwhile."))
    return current


def _steps_to_take(trace: Trace, cut: Cut) -> list[Step]:
    wanted = (cut.position,) if cut.at is not None else (cut.position, cut.position + 1)
    found = list(trace.steps.filter(position__in=wanted).order_by("position"))
    if not found or found[0].position != cut.position:
        raise Rejected(
            gettext("This trace has %(n_steps)s steps.") % {"n_steps": trace.n_steps}, field="step"
        )
    if len(found) != len(wanted):
        raise Rejected(gettext("There is no step after this one to merge it with."), field="step")
    if cut.at is not None:
        check_cut(found[0].text, cut.at)
    return found


def _undone_by(took: Sequence[Step], cut: Cut) -> Recut | None:
    """The act that this one takes back: the opposite one, which made these very steps out of those to be made."""
    opposite = RecutKind.MERGE if cut.kind == RecutKind.SPLIT else RecutKind.SPLIT
    made = [step.pk for step in took]
    acts = Recut.objects.filter(trace=took[0].trace_id, kind=opposite, undone_by=None).order_by("-version")
    for act in acts:
        if act.made != made:
            continue
        if cut.at is None or _rows_of(act.took)[0].text == took[0].text[: cut.at]:
            return act
    return None


def _rows_of(keys: Sequence[int]) -> list[Step]:
    found = Step.every.in_bulk(list(keys))
    return [found[pk] for pk in keys]


def _is_complete(slot: Assignment) -> bool:
    """Whether it is a submitted reading of the ordinary queue that the project's rubric finds complete."""
    is_counted = slot.state == AssignmentState.SUBMITTED and slot.purpose == Purpose.WORK
    return is_counted and sheet_of(slot).missing is None


def _send_back(act: Recut, complete: Sequence[Assignment], person: Person, step: Step) -> int:
    """Readings that were complete and are not any more go back to their readers; how many."""
    n = 0
    for slot in complete:
        if sheet_of(slot).missing is None:
            continue
        assert slot.holder is not None
        n += 1
        Comment.objects.create(
            trace_id=act.trace_id,
            step=step,
            author=person,
            addressee=slot.holder.person,
            text=_explained(act),
            returns=return_assignment(slot),
        )
    return n


def _explained(act: Recut) -> str:
    n = act.position + 1
    told = (
        gettext(
            "Step %(n)s was split in two. Your answers are kept where they still fit; please answer what is open again."
        )
        if act.kind == RecutKind.SPLIT
        else gettext(
            "Steps %(n)s and %(m)s were merged. Your answers are kept where they still fit; please answer what is open"
            " again."
        )
    )
    return told % {"n": n, "m": n + 1}


def _move_words(act: Recut, made: Sequence[Step]) -> dict[str, int]:
    """Comments and open reports go along, to where they were written where that is back, else to the first step."""
    back = (act.undoes.moved if act.undoes else None) or {}
    known = {step.pk for step in made}
    moved: dict[str, int] = {}
    comments = Comment.objects.filter(step__in=act.took)
    for pk, step in list(comments.values_list("pk", "step_id")):
        moved[str(pk)] = step
        origin = back.get(str(pk))
        Comment.objects.filter(pk=pk).update(step=origin if origin in known else made[0].pk)
    CutReport.objects.filter(step__in=act.took, answer="").update(step=made[0])
    return moved


def _lines(done: Carrying) -> tuple[Line, ...]:
    carried: Counter[tuple[str, str]] = Counter()
    sources: set[int] = set()
    for label in done.carried:
        for pk in label.evidence["recut"]["labels"]:
            if pk not in sources:
                sources.add(pk)
                carried[_kind(label.rater.kind), label.criterion.title] += 1
    aside: Counter[tuple[str, str]] = Counter()
    why: dict[tuple[str, str], Counter[str]] = {}
    for label, reason in done.aside:
        place = (_kind(label.rater.kind), label.criterion.title)
        aside[place] += 1
        why.setdefault(place, Counter())[reason] += 1
    return tuple(
        Line(*place, carried[place], aside[place], tuple(why.get(place, Counter()).most_common()))
        for place in sorted(carried.keys() | aside.keys())
    )


def _kind(kind: str) -> str:
    return str(RaterKind(kind).label)
