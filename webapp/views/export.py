"""Numbered, frozen data sets, and their files."""

from __future__ import annotations

from django.conf import settings as django_settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_http_methods

from annotate.access import project_for, release_for, role_in
from annotate.assign.compare.queries import compare_counts
from annotate.consensus.funnel import from_json
from annotate.consensus.queries import consensus_runs, latest_consensus
from annotate.enums import Role
from annotate.errors import Conflict, Rejected
from annotate.export.actions import check_request
from annotate.export.pushes import pushes_of
from annotate.export.queries import release_file, releases_of
from annotate.export.registry import FORMATS, get_format
from annotate.export.rows import n_recut
from annotate.export.said import has_labels
from annotate.export.select.benchmarks import benchmarks_in
from annotate.models import Person, Project
from webapp.download import download
from webapp.forms import HANDED_OVER, SettingsForm
from workers.tasks.export import send_release

PUSHES_SHOWN = 5

# What formats are made from.
_FAMILIES = {
    "consensus": gettext_lazy("From a consensus"),
    "labels": gettext_lazy("From the labels themselves"),
    "comparisons": gettext_lazy("From what people have compared"),
}


@login_required
@require_http_methods(["GET", "HEAD"])
def releases(request: HttpRequest, slug: str) -> HttpResponse:
    project = project_for(request.user, slug, role=Role.VIEWER)
    context = {
        "project": project,
        "releases": releases_of(project),
        "has_consensus": consensus_runs(project).exists(),
        "has_labels": has_labels(project),
        "can_manage": role_in(request.user, project) in (Role.OWNER, Role.MANAGER),
    }
    return render(request, "export/releases.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new_release(request: HttpRequest, slug: str) -> HttpResponse:
    """GET ?format= sets the form up; POST asks a worker to write the files."""
    project = project_for(request.user, slug, role=Role.MANAGER)
    given = request.POST if request.method == "POST" else request.GET
    name = given.get("format", "" if consensus_runs(project).exists() else _without_consensus(project))
    name = name or next(iter(FORMATS))
    data = request.POST if request.method == "POST" else None
    settings = SettingsForm(get_format(name).settings, data)
    if data is not None and settings.is_valid() and _fits(project, name, settings):
        assert isinstance(request.user, Person)
        send_release(project, format=name, settings=settings.values, person=request.user)
        messages.success(request, gettext("The release is %(handed_over)s") % {"handed_over": HANDED_OVER})
        return redirect("releases", slug=slug)
    run = latest_consensus(project)
    context = {
        "project": project,
        "layout": get_format(name),
        "families": [
            (title, [one for one in FORMATS.values() if one.reads == reads])
            for reads, title in _FAMILIES.items()
        ],
        "settings": settings,
        "n_recut": n_recut(run) if run and get_format(name).reads == "consensus" else 0,
        "benchmarks": benchmarks_in(django_settings.BENCHMARKS_DIR),
    }
    return render(request, "export/new.html", context, status=200 if data is None else 400)


def _fits(project: Project, format: str, settings: SettingsForm) -> bool:
    """Ask now what the worker would refuse later, out of everybody's sight."""
    if get_format(format).reads == "consensus" and latest_consensus(project) is None:
        raise Conflict(gettext("There is no consensus to release. Run one first."))
    folder = django_settings.BENCHMARKS_DIR
    try:
        check_request(project, format=format, values=settings.values, benchmarks=folder)
    except Rejected as error:
        settings.add_error(error.field if error.field in settings.fields else None, error.reason)
        return False
    return True


def _without_consensus(project: Project) -> str:
    """A format that needs none: of what people have compared, where they have, else of labels."""
    wanted = "comparisons" if compare_counts(project).submitted else "labels"
    return next(name for name, layout in FORMATS.items() if layout.reads == wanted)


@login_required
@require_http_methods(["GET", "HEAD"])
def release(request: HttpRequest, pk: int) -> HttpResponse:
    found = release_for(request.user, pk)
    context = {
        "release": found,
        "project": found.project,
        "funnel": from_json(found.funnel.get("rows", ())),
        "counts": found.funnel.get("counts", {}),
        "pushed": pushes_of(found)[:PUSHES_SHOWN],
        "can_manage": role_in(request.user, found.project) in (Role.OWNER, Role.MANAGER),
    }
    return render(request, "export/release.html", context)


@login_required
@require_http_methods(["GET", "HEAD"])
def release_download(request: HttpRequest, pk: int, name: str) -> HttpResponseBase:
    found = release_for(request.user, pk)
    path = release_file(found, name, django_settings.RELEASES_DIR)
    return download(request, path)
