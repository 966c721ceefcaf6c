"""What managers see of a queue, and do to it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_http_methods, require_POST

from annotate.access import project_for, rater_for
from annotate.assign.fillings import begin_filling, cancel_filling, filling_of, resume_filling
from annotate.assign.manage.actions import act_on_reader, change_rules
from annotate.assign.manage.changes import change_traces
from annotate.assign.manage.contracts import Change
from annotate.assign.manage.lists import strata_of, traces_where
from annotate.assign.manage.queries import exam_said, overview_of, people_page
from annotate.assign.ordering import known_policies
from annotate.assign.rules import QueueRules, rules_of
from annotate.enums import Role
from annotate.errors import Rejected
from annotate.measure.queries import agreement_of
from annotate.models import Person
from annotate.prelabel.runs.attendance import on_duty
from annotate.settings import build_settings
from webapp.forms.assign import BasicsForm, ChangeForm, FilterForm, ReaderForm, RulesForm, basics_of
from workers.tasks.assign import send_filling


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def rules(request: HttpRequest, slug: str) -> HttpResponse:
    """GET shows what the queue goes by; POST changes it."""
    project = project_for(request.user, slug, role=Role.MANAGER)
    data = request.POST if request.method == "POST" else None
    basics, form = BasicsForm(data, initial=basics_of(project)), RulesForm(rules_of(project), data)
    if data is not None and all([basics.is_valid(), form.is_valid()]):
        try:
            is_left = change_rules(project, build_settings(QueueRules, form.values), **basics.cleaned_data)
        except Rejected as error:
            basics.add_error(error.field if error.field in basics.fields else None, error.reason)
        else:
            if is_left:
                send_filling(project)
                messages.success(request, gettext("Saved. A worker puts the queue in its new order."))
            else:
                messages.success(
                    request, gettext("Saved. Fill the queue to add readings that are missing now.")
                )
            return redirect("queue-overview", slug=slug)
    context = {
        "project": project,
        "basics": basics,
        "form": form,
        "policies": known_policies().values(),
    }
    return render(request, "assign/rules.html", context, status=200 if data is None else 400)


@login_required
@require_http_methods(["GET", "HEAD"])
def overview(request: HttpRequest, slug: str) -> HttpResponse:
    """How the work stands, or only the moving part of it for htmx."""
    project = project_for(request.user, slug, role=Role.MANAGER)
    going_by = rules_of(project)
    context: dict[str, Any] = {
        "project": project,
        "overview": overview_of(project),
        "rules": going_by,
        "filling": filling_of(project),
        "policy": known_policies()[going_by.policy],
        "agreement": list(agreement_of(project).filter(criterion__is_asked=True)[:4]),
    }
    if context["filling"] is not None:
        context["has_worker"] = any("cpu" in one.queues.split(",") for one in on_duty())
    if request.headers.get("HX-Request") is not None:
        return render(request, "assign/overview.html#live", context)
    after = request.GET.get("after", "")
    page = people_page(project, after=after)
    context["people"] = [(person, exam_said(person.reader, going_by)) for person in page.people]
    context |= {"people_after": after, "people_next": page.next_after}
    return render(request, "assign/overview.html", context)


@login_required
@require_POST
def renew(request: HttpRequest, slug: str) -> HttpResponse:
    """Work the order of the queue out again."""
    project = project_for(request.user, slug, role=Role.MANAGER)
    filling = begin_filling(project, order=True)
    if not filling.is_over:
        send_filling(project)
        messages.success(
            request, gettext("A worker works the order out. You can leave this page; it goes on.")
        )
        return redirect("queue-overview", slug=slug)
    moved = filling.n_changed
    messages.success(
        request,
        ngettext(
            "The order is worked out anew; %(moved)d trace changed.",
            "The order is worked out anew; %(moved)d traces changed.",
            moved,
        )
        % {"moved": moved},
    )
    return redirect("queue-overview", slug=slug)


@login_required
@require_POST
def filling(request: HttpRequest, slug: str) -> HttpResponse:
    """Stop the filling of the queue, or let it go on."""
    project = project_for(request.user, slug, role=Role.MANAGER)
    if request.POST.get("do") == "cancel":
        cancel_filling(project)
        messages.success(
            request, gettext("Stopped. What was done stays, and you can let it go on at any time.")
        )
    elif request.POST.get("do") == "resume":
        resume_filling(project)
        send_filling(project)
        messages.success(request, gettext("It goes on where it was stopped."))
    else:
        raise Rejected(gettext("Say whether to stop or to go on."), field="do")
    # Back to the page whose button it was.
    return redirect("make-comparisons" if "compare" in request.POST else "queue-overview", slug=slug)


@login_required
@require_POST
def reader(request: HttpRequest, pk: int) -> HttpResponse:
    """One thing about one person: pause, resume, take back, exam, skills."""
    rater = rater_for(request.user, pk, role=Role.MANAGER)
    form = ReaderForm(request.POST)
    if not form.is_valid():
        raise Rejected(gettext("Say what to do about the person."), field="do")
    given = form.cleaned_data
    assert isinstance(request.user, Person)
    messages.success(
        request,
        act_on_reader(
            rater,
            do=given["do"],
            reason=given["reason"],
            skills=given["skills"].split(","),
            by=request.user,
        ),
    )
    return redirect("queue-overview", slug=rater.project.slug)


@login_required
@require_POST
def change(request: HttpRequest, slug: str) -> HttpResponse:
    """Say how many traces a change would touch; with that number confirmed, make it."""
    project = project_for(request.user, slug, role=Role.MANAGER)
    where, form = FilterForm(strata_of(project), request.POST), ChangeForm(request.POST)
    for one in (where, form):
        if not one.is_valid():
            field, problems = next(iter(one.errors.items()))
            raise Rejected(" ".join(map(str, problems)), field=field)
    wanted, what = where.wanted, build_settings(Change, form.cleaned_data["change"])
    count = form.cleaned_data["count"]
    if count is None:
        context: dict[str, Any] = {
            "project": project,
            "count": traces_where(project, wanted).count(),
            "change": what,
            "is_everything": wanted.is_empty,
            "given": [
                (name, request.POST[name])
                for name in (*where.fields, "do", "number")
                if request.POST.get(name)
            ],
        }
        return render(request, "assign/confirm.html", context)
    done = change_traces(project, wanted, what, count=count)
    if done.is_left:
        send_filling(project)
        messages.success(
            request,
            gettext("A worker does it in pieces. You can leave this page; the overview says how far it is."),
        )
        return redirect("queue-overview", slug=slug)
    messages.success(
        request,
        ngettext("Done for %(done)d trace.", "Done for %(done)d traces.", done.count) % {"done": done.count},
    )
    return redirect("traces", slug=slug)
