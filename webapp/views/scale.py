"""The ruler itself: questions with their thresholds, steps, and what tells them apart."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from annotate.access import project_for
from annotate.enums import Role
from annotate.errors import NotEstimable
from annotate.measure.ruler.queries import current_ruler, listed_steps
from webapp.tables import Table

SHOWN = 12


@login_required
@require_safe
def scale(request: HttpRequest, slug: str) -> HttpResponse:
    project = project_for(request.user, slug, role=Role.VIEWER)
    ruler = current_ruler(project)
    context: dict[str, Any] = {"project": project, "ruler": ruler}
    if ruler is not None:
        context |= {
            "questions": ruler.detail["questions"],
            "hardest": listed_steps(ruler, "hardest")[:SHOWN],
            "misfits": listed_steps(ruler, "misfits")[:SHOWN],
        }
    return render(request, "measure/scale.html", context)


@login_required
@require_safe
def questions_csv(request: HttpRequest, slug: str) -> HttpResponse:
    """A row for each level of each question: how often it is given, and where it begins to be the likeliest."""
    project = project_for(request.user, slug, role=Role.VIEWER)
    ruler = current_ruler(project)
    if ruler is None:
        raise NotEstimable(gettext("Nobody has been measured here yet."))
    called = f"{project.slug}-questions-{ruler.version}.csv"
    response = HttpResponse(
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{called}"'},
    )
    table = Table(response)
    table.row(
        (
            "ruler",
            "question",
            "difficulty",
            "se",
            "infit",
            "outfit",
            "level",
            "n",
            "mean_step",
            "threshold",
            "threshold_se",
        )
    )
    for question in ruler.detail["questions"]:
        by_upper = {one["upper"]: one for one in question["thresholds"]}
        head = (ruler.version, question["title"], question["measure"], question["se"])
        for place, title in enumerate(question["levels"]):
            threshold = by_upper.get(place, {})
            table.row(
                (
                    *head,
                    question["infit"],
                    question["outfit"],
                    title,
                    question["counts"][place],
                    question["mean_item"][place],
                    threshold.get("measure"),
                    threshold.get("se"),
                )
            )
    return response
