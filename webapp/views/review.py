"""Reviewers: the traces on which people differ, and one of them with everybody's answers side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext, gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST

from annotate.access import (
    REACH,
    project_for,
    review_for,
    role_in,
)
from annotate.consensus.doubts import Doubt, doubts_of
from annotate.consensus.queries import latest_consensus
from annotate.consensus.valuing import belief_now
from annotate.enums import Role
from annotate.errors import Conflict, Rejected
from annotate.label.compared_review import compared_review_queue, is_reviewed
from annotate.label.cut_reports import reports_of
from annotate.label.decisions import decidable_criteria, decide, hide_readers
from annotate.label.long_queue import is_long
from annotate.label.returns import Returned, returned_of, sent_back
from annotate.label.revealing import note_seen
from annotate.label.review import Review, StepMatters, review_of
from annotate.label.review_queue import Show, Waiting, next_in, nothing_because, review_queue
from annotate.label.threads import THEIRS, Remark, n_open_questions, talk_of_reviewers
from annotate.models import Assignment, Candidate, Person, Project, Trace
from annotate.prelabel.queries import Signal, evidence_of
from webapp.forms.review import (
    Blank,
    LookForm,
    SeenForm,
    blank_of,
    said_in,
    trouble_in,
)
from webapp.templatetags.typeset import has_math

PAGE = 50
MOST_DOUBTS = 2
CUT_MEANWHILE = gettext_lazy(
    "Somebody has split or merged steps of this trace since the page was loaded, so nothing was saved. Go back, reload"
    " the page and look at the steps again."
)


@dataclass(frozen=True, slots=True)
class StepRow:
    """A step with its questions and what machines say, which is folded away until people have settled it."""

    matters: StepMatters
    blanks: tuple[Blank, ...]
    # The texts given for it, each with its questions.
    given: Sequence[tuple[Candidate, Sequence[Blank]]]
    machines: tuple[Signal, ...]
    remarks: Sequence[Remark]


@login_required
@require_http_methods(["GET", "HEAD"])
def queue(request: HttpRequest, slug: str) -> HttpResponse:
    """The traces that wait for a decision, a page at a time."""
    project = project_for(request.user, slug, role=Role.REVIEWER)
    look = LookForm(request.GET, decidable_criteria(project))
    rows = _rows(project, look)
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    traces = Trace.objects.select_related("problem").in_bulk([row.trace_id for row in page])
    context = {
        "project": project,
        "look": look,
        "page": page,
        "rows": [(traces[row.trace_id], row) for row in page],
        "has_consensus": latest_consensus(project) is not None,
        "nothing": "" if rows else _nothing(project, look),
        "can_manage": role_in(request.user, project) in REACH[Role.MANAGER],
        "sent_back": sent_back(project),
        "n_questions": n_open_questions(project, _person(request)),
        "n_reports": reports_of(project, _person(request)).count(),
        "n_pairs": len(compared_review_queue(project)) if is_reviewed(project) else None,
    }
    return render(request, "review/queue.html", context)


@login_required
@require_POST
def names(request: HttpRequest, slug: str) -> HttpResponse:
    """Hide readers' names from reviewers until they have decided, or do not."""
    project = project_for(request.user, slug, role=Role.MANAGER)
    hide_readers(project, "hides_readers" in request.POST)
    messages.success(
        request,
        gettext("Readers' names are hidden until a step is decided now.")
        if project.hides_readers
        else gettext("Readers' names are shown to reviewers from the start now."),
    )
    return redirect("review-queue", slug=slug)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def review(request: HttpRequest, pk: int) -> HttpResponse:
    """One trace to decide about; a plain form saves all decisions at once and may go on to the next trace."""
    trace = review_for(request.user, pk)
    look = LookForm(request.GET, decidable_criteria(trace.project))
    found = review_of(trace)
    if request.method != "POST":
        return _page(request, found, look)
    following = next_in(_rows(trace.project, look), trace, _person(request))
    form = SeenForm(request.POST)
    if not form.is_valid():
        raise Rejected(
            gettext("The form came without the newest decision it knew of. Reload the page."), field="seen"
        )
    then = form.cleaned_data["boundary"]
    if then not in (None, trace.boundary_version):
        raise Conflict(str(CUT_MEANWHILE))
    said = said_in(found, request.POST, seen=form.cleaned_data["seen"])
    said = [replace(one, boundary=then) for one in said]
    trouble = trouble_in(found, said, decide(trace, _person(request), said))
    if trouble is not None:
        return _page(request, review_of(trace), look, trouble)
    if "next" not in request.POST:
        return _to("review", pk, look)
    if following is not None:
        return _to("review", following, look)
    return _to("review-queue", trace.project.slug, look)


def _person(request: HttpRequest) -> Person:
    assert isinstance(request.user, Person)
    return request.user


def _rows(project: Project, look: LookForm) -> list[Waiting]:
    return review_queue(
        project,
        criterion=look.chosen_criterion,
        order=look.chosen_order,
        show=look.chosen_show,
        run=latest_consensus(project),
    )


def _nothing(project: Project, look: LookForm) -> str:
    if look.chosen_show is Show.DECIDED:
        return gettext("No trace has all of its disagreements decided yet.")
    if is_long(project):
        return gettext("Of the greatest disagreements of this very large project, none is open.")
    told = nothing_because(project, look.chosen_criterion)
    others = len(review_queue(project)) if look.chosen_criterion else 0
    if others:
        said = ngettext(
            "%(n)d trace waits on other questions.", "%(n)d traces wait on other questions.", others
        )
        told += " " + said % {"n": others}
    return told


def _to(name: str, where: int | str, look: LookForm) -> HttpResponseRedirect:
    address = reverse(name, args=[where])
    return HttpResponseRedirect(f"{address}?{look.query}" if look.query else address)


def _readings(found: Review) -> list[tuple[Assignment, str]]:
    """The readings that somebody with an account holds or has submitted, under the names they may be shown by."""
    slots = Assignment.objects.filter(trace=found.trace, state__in=THEIRS, holder__person__isnull=False)
    named = [(slot, slot.holder) for slot in slots.select_related("holder__person") if slot.holder]
    named.sort(key=lambda one: found.readers.number(one[1]))
    return [(slot, found.readers.name(holder)) for slot, holder in named]


def _returned(found: Review) -> list[tuple[str, Returned]]:
    """What was sent back, and under which name; a slot that nobody holds any more is nobody's."""
    return [
        (found.readers.name(one.assignment.holder) if one.assignment.holder else gettext("A reader"), one)
        for one in returned_of(found.trace)
    ]


def _doubts(trace: Trace) -> tuple[Doubt, ...]:
    """What the trace's signals differ about, by the newest fit; at most two questions, the most telling first."""
    belief = belief_now(trace)
    return doubts_of(belief)[:MOST_DOUBTS] if belief is not None else ()


def _given(one: StepMatters, data: QueryDict | None) -> list[tuple[Candidate, list[Blank]]]:
    texts = {matter.candidate.pk: matter.candidate for matter in one.matters if matter.candidate}
    blanks: dict[int, list[Blank]] = {pk: [] for pk in texts}
    for matter in one.matters:
        if matter.candidate is not None:
            blanks[matter.candidate.pk].append(blank_of(matter, data))
    in_order = sorted(texts.values(), key=lambda text: (text.kind, text.position))
    return [(text, blanks[text.pk]) for text in in_order]


def _page(
    request: HttpRequest, found: Review, look: LookForm, trouble: Rejected | None = None
) -> HttpResponse:
    trace = found.trace
    given: QueryDict | None = request.POST if trouble else None
    talk = talk_of_reviewers(found, _person(request))
    # Whoever labels this trace later is not blind any more.
    note_seen(_person(request), trace)
    machines = {evidence.position: evidence.signals for evidence in evidence_of(trace)}
    problem = trace.problem
    texts = [problem.text, problem.reference_solution or "", *(row.step.text for row in found.steps)]
    texts += [matter.candidate.text for matter in found.matters if matter.candidate]
    context = {
        "review": found,
        "trace": trace,
        "name": trace.external_id,
        "project": trace.project,
        "problem": problem,
        "rows": [
            StepRow(
                one,
                tuple(blank_of(matter, given) for matter in one.matters if matter.candidate is None),
                _given(one, given),
                machines.get(one.step.position, ()),
                talk.at(one.step.pk),
            )
            for one in found.steps
        ],
        "whole": [blank_of(matter, given) for matter in found.whole],
        "signals_about_trace": machines.get(None, ()),
        "about_trace": talk.at(None),
        "readings": _readings(found),
        "returned": _returned(found),
        "about": request.GET.get("about", ""),
        "look": look,
        "trouble": trouble,
        "doubts": _doubts(trace),
        "is_raw": "raw" in request.GET,
        "needs_math": any(map(has_math, texts)),
    }
    return render(request, "review/trace.html", context, status=400 if trouble else 200)
