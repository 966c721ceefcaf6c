"""Everybody who labels on one ruler, and one rater by itself: what is measured of them and what was done about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotate.access import REACH, measured_for, project_for, rater_for, role_in
from annotate.enums import RaterKind, Role
from annotate.errors import NotEstimable, Rejected
from annotate.measure.interventions import intervene, show_own_measures, trail_of
from annotate.measure.ruler.queries import (
    current_ruler,
    history_of,
    measure_of,
    pull_of,
    question_measures,
    rater_measures,
    scaled_questions,
    stands_of,
    surprises_of,
)
from annotate.models import Measure, Person, Project, Rater, Reader, Ruler
from webapp.forms.raters import InterventionForm
from webapp.tables import Table
from webapp.templatetags.ruler import deed_words, flag_words
from webapp.templatetags.wright import NARROW, WIDE, draw

PAGE = 50
# A file is read without the page's styles: the same marks in ink on white.
STYLE = """
text { font: 400 14px system-ui, sans-serif; fill: #1c1b19; }
.wright-paper { fill: #fff; } .wright-grid { stroke: #dedad1; } .wright-zero { stroke: #8d897f; }
.wright-axis { text-anchor: end; fill: #4b4943; font-size: 12px; } .wright-note { fill: #4b4943; font-size: 12px; }
.wright-head { font-weight: 600; } .wright-bar { fill: #dedad1; } .wright-interval { stroke: #8d897f; }
.wright-lead { stroke: #dedad1; fill: none; } .wright-person { fill: #1d4a86; }
.wright-machine { fill: #fff; stroke: #1c1b19; stroke-width: 1.5; } .wright-tick { stroke: #1c1b19; stroke-width: 2; }
.wright-name, .wright-level { font-size: 12.5px; }
"""


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def raters(request: HttpRequest, slug: str) -> HttpResponse:
    """GET shows everybody on one map and in one table; POST says whether people see how they were measured."""
    if request.method == "POST":
        project = project_for(request.user, slug, role=Role.MANAGER)
        show_own_measures(project, "shows_own_measures" in request.POST)
        messages.success(
            request,
            gettext("People can look at how they were measured.")
            if project.shows_own_measures
            else gettext("People cannot look at how they were measured."),
        )
        return redirect("raters", slug=slug)
    project = project_for(request.user, slug, role=Role.VIEWER)
    ruler = current_ruler(project)
    context: dict[str, Any] = {
        "project": project,
        "ruler": ruler,
        "can_manage": role_in(request.user, project) in REACH[Role.MANAGER],
    }
    if ruler is not None:
        page = Paginator(rater_measures(ruler), PAGE).get_page(request.GET.get("page"))
        context |= {
            "stands": stands_of(ruler),
            "page": page,
            "rows": _with_ends(ruler, list(page.object_list)),
        }
    return render(request, "measure/raters.html", context)


def _with_ends(ruler: Ruler, measures: Sequence[Measure]) -> list[tuple[Measure, float, float]]:
    low, high = ruler.detail["range"]
    return [(measure, low, high) for measure in measures]


@login_required
@require_safe
def raters_csv(request: HttpRequest, slug: str) -> HttpResponse:
    """The whole table, one row for each rater, in the language-free form that programs read."""
    project = project_for(request.user, slug, role=Role.VIEWER)
    ruler = _ruler_of(project)
    response = _file(project, ruler, "raters", "csv", "text/csv; charset=utf-8")
    table = Table(response)
    table.row(_COLUMNS)
    for measure in rater_measures(ruler):
        table.row(_cells(ruler, measure))
    return response


_COLUMNS = (
    *("ruler", "rater", "kind", "is_simulated", "severity", "se", "levels", "infit", "infit_z", "outfit"),
    *("outfit_z", "n", "n_shared", "agreement", "agreement_n", "gold", "gold_n", "seconds_per_step"),
    *("flags", "reason"),
)


def _cells(ruler: Ruler, measure: Measure) -> list[Any]:
    detail = measure.detail
    rates = [detail.get(name) or {} for name in ("agreement", "gold")]
    return [
        ruler.version,
        measure.rater.name,
        measure.rater.kind,
        measure.rater.is_simulated,
        *(measure.severity, measure.se, detail.get("by")),
        *(measure.infit, measure.infit_z, measure.outfit, measure.outfit_z),
        *(measure.n, detail.get("n_shared")),
        *(rate.get(name) for rate in rates for name in ("value", "n")),
        detail.get("seconds"),
        "; ".join(flag_words(flag) for flag in detail.get("flags", [])),
        measure.reason,
    ]


@login_required
@require_safe
def wright_svg(request: HttpRequest, slug: str) -> HttpResponse:
    """The map as a file of its own; ``?narrow`` for the one of phones."""
    project = project_for(request.user, slug, role=Role.VIEWER)
    ruler = _ruler_of(project)
    drawn = draw(ruler, stands_of(ruler), NARROW if "narrow" in request.GET else WIDE)
    response = _file(project, ruler, "wright-map", "svg", "image/svg+xml")
    context = {"drawn": drawn, "is_file": True, "style": STYLE}
    response.write(render_to_string("measure/wright_picture.html", context).strip())
    return response


@login_required
@require_safe
def wright_csv(request: HttpRequest, slug: str) -> HttpResponse:
    """All that the map shows: a row for each rater, each bar of the steps' histogram, each threshold, in logits."""
    project = project_for(request.user, slug, role=Role.VIEWER)
    ruler = _ruler_of(project)
    response = _file(project, ruler, "wright-map", "csv", "text/csv; charset=utf-8")
    table = Table(response)
    table.row(("ruler", "what", "name", "level", "logits", "low", "high", "n"))
    for row in _on_the_map(ruler):
        table.row((ruler.version, *row))
    return response


def _on_the_map(ruler: Ruler) -> Iterator[tuple[Any, ...]]:
    for one in stands_of(ruler):
        kind, away = "machine" if one.is_machine else "person", 1.96 * one.se
        ends = (one.severity - away, one.severity + away)
        yield (kind, one.name, "", one.severity, *ends, "")
    edges, counts = ruler.detail["items"]["edges"], ruler.detail["items"]["counts"]
    for low, high, n in zip(edges, edges[1:], counts, strict=False):
        yield ("steps", "", "", "", low, high, n)
    for question in ruler.detail["questions"]:
        if question["measure"] is None:
            continue
        for one in question["thresholds"]:
            level = question["levels"][one["upper"]]
            yield (
                "threshold",
                question["title"],
                f"{level}",
                question["measure"] + one["measure"],
                *("", "", ""),
            )


def _ruler_of(project: Project) -> Ruler:
    ruler = current_ruler(project)
    if ruler is None:
        raise NotEstimable(gettext("Nobody has been measured here yet."))
    return ruler


def _file(project: Project, ruler: Ruler, name: str, ending: str, kind: str) -> HttpResponse:
    called = f"{project.slug}-{name}-{ruler.version}.{ending}"
    return HttpResponse(
        content_type=kind, headers={"Content-Disposition": f'attachment; filename="{called}"'}
    )


@login_required
@require_safe
def rater(request: HttpRequest, pk: int) -> HttpResponse:
    """What is measured of one rater. People who look at themselves see no other's word and no answer that is known."""
    found = measured_for(request.user, pk)
    project = found.project
    role = role_in(request.user, project)
    ruler = current_ruler(project)
    measure = measure_of(ruler, found) if ruler else None
    sees_all = role in REACH[Role.VIEWER]
    context: dict[str, Any] = {
        "project": project,
        "rater": found,
        "ruler": ruler,
        "measure": measure,
        "history": history_of(found),
        "sees_all": sees_all,
        "can_manage": role in REACH[Role.MANAGER],
    }
    if ruler is not None and measure is not None:
        context["low"], context["high"] = ruler.detail["range"]
        context["questions"] = list(question_measures(ruler, found))
        if sees_all:
            context |= _what_others_said(request, ruler, found, measure)
    if context["can_manage"]:
        context["reader"] = Reader.objects.filter(rater=found).first()
        context["trail"] = list(trail_of(found))
    return render(request, "measure/rater.html", context)


def _what_others_said(request: HttpRequest, ruler: Ruler, found: Rater, measure: Measure) -> dict[str, Any]:
    levels = {pk: question.levels for pk, question in scaled_questions(ruler).items()}
    context: dict[str, Any] = {"levels": levels, "pulls": pull_of(found)}
    # Whoever is to decide between readings without names must not find them here.
    names_are_hidden = found.project.hides_readers and found.kind == RaterKind.PERSON
    if not names_are_hidden or role_in(request.user, found.project) in REACH[Role.MANAGER]:
        context["surprises"] = surprises_of(ruler, measure)
    return context


@login_required
@require_POST
def intervention(request: HttpRequest, pk: int) -> HttpResponse:
    """Write to them, pause, let go on, ask for the exam anew, leave out of consensus, or take that back."""
    found = rater_for(request.user, pk, role=Role.MANAGER)
    form = InterventionForm(request.POST)
    if not form.is_valid():
        field, problems = next(iter(form.errors.items()))
        raise Rejected(" ".join(map(str, problems)), field=field)
    assert isinstance(request.user, Person)
    given = form.cleaned_data
    done = intervene(found, given["deed"], by=request.user, reason=given["reason"], since=form.moment)
    messages.success(request, gettext("%(deed)s: %(rater)s.") % {"deed": deed_words(done), "rater": found})
    return redirect("rater", pk=pk)
