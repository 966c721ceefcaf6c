"""The projects of a person, and one project with what to do next."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST

from annotate.access import REACH, project_for, projects_for, role_in
from annotate.assign.compare.queries import CompareState, compare_state
from annotate.assign.queries import QueueState, queue_counts, queue_state, reader_progress, with_counts
from annotate.consensus.queries import funnel_of, latest_consensus
from annotate.enums import Action, Role, RunKind
from annotate.errors import Conflict, Rejected
from annotate.ingest.founding import add_member, create_project
from annotate.ingest.presets import GALLERY
from annotate.ingest.queries import corpus_counts
from annotate.label.queries import asked_criteria
from annotate.measure.queries import agreement_of
from annotate.models import Person, Project, Rater
from annotate.wording import mid
from webapp.forms.project import MemberForm, ProjectForm

# On a project's own page. All members are there where they are asked for; all readers are on the overview.
MOST_MEMBERS, MOST_READERS = 50, 12


@login_required
@require_http_methods(["GET", "HEAD"])
def projects(request: HttpRequest) -> HttpResponse:
    return render(request, "project/list.html", {"projects": with_counts(projects_for(request.user))})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new_project(request: HttpRequest) -> HttpResponse:
    form = ProjectForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        assert isinstance(request.user, Person)
        try:
            project = create_project(request.user, **form.cleaned_data)
        except (Conflict, Rejected) as error:
            form.add_error(None, str(error))
        else:
            return redirect("project", slug=project.slug)
    context = {"form": form, "gallery": GALLERY.values()}
    return render(request, "project/new.html", context, status=400 if form.errors else 200)


@login_required
@require_http_methods(["GET", "HEAD"])
def project(request: HttpRequest, slug: str) -> HttpResponse:
    """What annotators see is their own work; the rest needs a role that may see results."""
    found = project_for(request.user, slug)
    role = role_in(request.user, found)
    assert isinstance(request.user, Person)
    rater = Rater.objects.filter(project=found, person=request.user).first()
    queue = queue_state(found, rater)
    context: dict[str, Any] = {
        "project": found,
        "role": role,
        "queue": queue,
        "counts": queue_counts(found),
        "comparing": compare_state(found, rater),
        # A project without a rubric is still to choose what it asks.
        "asks_traces": found.rubric is None or bool(asked_criteria(found)),
        "can_label": role in REACH[Role.ANNOTATOR],
        "can_manage": role in REACH[Role.MANAGER],
        "can_see_results": role in REACH[Role.VIEWER],
    }
    if context["can_see_results"]:
        context |= _results(found, every_member=request.GET.get("members") == "all")
    context["next_step"] = _next_step(context, queue)
    return render(request, "project/project.html", context)


@login_required
@require_POST
def members(request: HttpRequest, slug: str) -> HttpResponse:
    """Give somebody with an account a role here. Owners stay owners."""
    found = project_for(request.user, slug, role=Role.MANAGER)
    form = MemberForm(request.POST)
    if not form.is_valid():
        raise Rejected(gettext("Name an account and one of the roles offered."), field="role")
    person = Person.objects.filter(username=form.cleaned_data["username"]).first()
    if person is None:
        raise Rejected(
            gettext("There is no account named %(name)s.") % {"name": form.cleaned_data["username"]},
            field="username",
        )
    if role_in(person, found) == Role.OWNER:
        raise Conflict(
            gettext("%(shown_name)s owns this project; an owner's role is not changed here.")
            % {"shown_name": person.shown_name}
        )
    add_member(found, person, Role(form.cleaned_data["role"]))
    messages.success(
        request,
        gettext("%(name)s is %(role)s now.")
        % {"name": person.shown_name, "role": mid(Role(form.cleaned_data["role"]).label)},
    )
    return redirect("project", slug=slug)


def _results(project: Project, *, every_member: bool) -> dict[str, Any]:
    run = latest_consensus(project)
    funnel = funnel_of(run) if run else []
    by_age = project.memberships.select_related("person").order_by("created_at", "pk")
    members = list(by_age if every_member else by_age[:MOST_MEMBERS])
    return {
        "corpus": corpus_counts(project),
        "readers": reader_progress(project, most=MOST_READERS),
        "runs": project.runs.filter(kind=RunKind.PRELABEL).select_related("rater")[:4],
        "agreement": agreement_of(project).filter(criterion__is_asked=True)[:4],
        "consensus": run,
        "n_steps": funnel[0].steps if funnel else 0,
        "n_kept": sum(row.steps for row in funnel if row.action == Action.KEEP),
        "releases": project.releases.select_related("run")[:3],
        "members": members,
        "n_more": by_age.count() - len(members),
        "member_form": MemberForm(),
    }


def _next_step(context: dict[str, Any], queue: QueueState) -> str:
    """The one thing to do next: the block whose button is the page's primary action."""
    comparing: CompareState = context["comparing"]
    if not context["can_see_results"]:
        return "label" if context["asks_traces"] and not queue.is_empty else "compare"
    steps = (
        ("traces", context["corpus"].traces == 0),
        ("fill", context["asks_traces"] and context["counts"].wanted == 0),
        ("make", context["can_manage"] and comparing.is_asked and comparing.counts.wanted == 0),
        ("label", context["asks_traces"] and context["can_label"] and not queue.is_empty),
        ("compare", context["can_label"] and not comparing.is_empty),
        ("runs", not context["runs"]),
        ("measure", not context["agreement"]),
        ("consensus", context["asks_traces"] and context["consensus"] is None),
        ("release", not context["releases"]),
    )
    return next((name for name, is_next in steps if is_next), "")
