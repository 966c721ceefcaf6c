"""Readers say that a step's boundaries are wrong, and what came of it. The only writer of reports."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext

from annotate.access import STILL_TO_SAY
from annotate.enums import AssignmentState, CutAnswer, CutFault
from annotate.errors import Conflict, Rejected
from annotate.ingest.layouts import steps_at
from annotate.models import Assignment, CutReport, Person, Project, Step, Trace
from annotate.prepared import Prepared

from .queries import open_reports
from .recutting import close_report

LONGEST_WORDS = 2_000
# Whoever holds or held a trace may say so; a skipped one is somebody else's.
_MAY_REPORT = (AssignmentState.HELD, AssignmentState.SUBMITTED, AssignmentState.RETURNED)


@transaction.atomic
def report_cut(
    assignment: Assignment, position: int, fault: str, text: str = "", *, version: int | None = None
) -> CutReport:
    """Say what is wrong with a step's boundaries; saying it again about the same step changes the report while it is
    open. ``version`` is the boundary version of the reader's page. Raises Rejected and Conflict.
    """
    if assignment.state not in _MAY_REPORT or assignment.holder is None or assignment.holder.person is None:
        raise Conflict(gettext("This trace is not yours any more, so you cannot report its steps."))
    if fault not in CutFault.values:
        raise Rejected(gettext("is one of %(names)s") % {"names": ", ".join(CutFault.values)}, field="fault")
    text = text.replace("\r\n", "\n").strip()
    if len(text) > LONGEST_WORDS or "\x00" in text:
        raise Rejected(
            gettext("has at most %(most)s characters and no NUL") % {"most": LONGEST_WORDS}, field="text"
        )
    if fault == CutFault.OTHER and not text:
        raise Rejected(gettext("Say in words what is wrong."), field="text")
    trace = Trace.objects.select_for_update(no_key=True).get(pk=assignment.trace_id)
    step = _step_at(trace, position, version)
    if fault == CutFault.BELONGS_BEFORE and step.position == 0:
        raise Rejected(gettext("There is no step before the first."), field="fault")
    person = assignment.holder.person
    found = CutReport.objects.filter(step=step, author=person, answer="").first()
    report = found or CutReport(trace=trace, step=step, assignment=assignment, author=person)
    report.position, report.version = step.position, trace.boundary_version
    report.fault, report.text = fault, text
    report.save()
    return report


@transaction.atomic
def leave_cut(report: CutReport, person: Person, text: str = "") -> CutReport:
    """Answer a report with "as it is"; the second to answer is told so. Raises Conflict."""
    current = CutReport.objects.select_for_update(of=("self",)).get(pk=report.pk)
    if not current.is_open:
        raise Conflict(gettext("Somebody else has answered this report meanwhile."))
    if len(text) > LONGEST_WORDS or "\x00" in text:
        raise Rejected(
            gettext("has at most %(most)s characters and no NUL") % {"most": LONGEST_WORDS}, field="text"
        )
    close_report(current, person, CutAnswer.LEFT, text)
    return current


def reports_of(project: Project, person: Person, *, is_open: bool = True) -> QuerySet[CutReport]:
    """Open reports oldest first, answered ones newest first; without traces that this reviewer is reading."""
    held = Assignment.objects.filter(trace=OuterRef("trace"), holder__person=person, state__in=STILL_TO_SAY)
    rows = CutReport.objects.filter(trace__project=project).exclude(Exists(held))
    rows = rows.select_related("trace", "step", "author", "answered_by", "recut")
    return (
        rows.filter(answer="").order_by("pk") if is_open else rows.exclude(answer="").order_by("-answered_at")
    )


def own_reports(assignment: Assignment) -> dict[int, CutReport]:
    """What the holder has reported about the trace and nobody has answered, by step."""
    if assignment.holder is None or assignment.holder.person_id is None:
        return {}
    rows = _open_by.all(trace=assignment.trace_id, person=assignment.holder.person_id)
    return {report.step_id: report for report in rows}


_open_by: Prepared[CutReport] = Prepared(open_reports)


def _step_at(trace: Trace, position: int, version: int | None) -> Step:
    if version is None or version == trace.boundary_version:
        found = Step.objects.filter(trace=trace, position=position).first()
    else:
        steps = steps_at(trace, version)
        found = Step.objects.filter(pk=steps[position].pk).first() if position < len(steps) else None
        if found is None and position < len(steps):
            raise Conflict(
                gettext("This step has been split or merged meanwhile. Reload the page and look at it again.")
            )
    if found is None:
        raise Rejected(
            gettext("This trace has %(n_steps)s steps.") % {"n_steps": trace.n_steps}, field="step"
        )
    return found
