"""Two consensus runs on the same steps: what each decided, where they part, and whom gold is with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from annotate.access import run_for
from annotate.consensus.explore.contrast import Contrast, contrast_of
from annotate.consensus.explore.queries import columns_of, exploration_of, parted_at, runs_beside
from annotate.enums import RunKind
from annotate.errors import NotAllowed, NotEstimable, Rejected
from annotate.models import Run
from webapp.tables import Table

PAGE = 25


@login_required
@require_safe
def beside(request: HttpRequest, pk: int) -> HttpResponse:
    """``?with=`` names the other run; ``left`` and ``right`` the cell whose steps are listed."""
    run = run_for(request.user, pk)
    if run.kind != RunKind.CONSENSUS:
        raise NotAllowed
    others = list(runs_beside(run))
    context: dict[str, Any] = {"project": run.project, "run": run, "others": others}
    if others and exploration_of(run) is not None:
        other = _other_of(request, others)
        context |= _contrasted(run, other, request.GET)
    return render(request, "consensus/beside.html", context)


CELLS = (
    "left_action",
    "left_value",
    "right_action",
    "right_value",
    "steps",
    "with_gold",
    "left_right",
    "right_right",
)


@login_required
@require_safe
def beside_csv(request: HttpRequest, pk: int) -> HttpResponse:
    """The cross-table, a row for every pair of decisions that occurs."""
    run = run_for(request.user, pk)
    if run.kind != RunKind.CONSENSUS:
        raise NotAllowed
    others = list(runs_beside(run))
    if not others:
        raise NotEstimable(gettext("There is no second counted run of this question."))
    other = _other_of(request, others)
    called = f"{run.project.slug}-runs-{run.pk}-{other.pk}.csv"
    response = HttpResponse(
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{called}"'},
    )
    table = Table(response)
    table.row(CELLS)
    for cell in contrast_of(columns_of(run), columns_of(other)).cells:
        named = (cell.left.action, cell.left.level, cell.right.action, cell.right.level)
        table.row([*named, cell.n, cell.judged, cell.left_right, cell.right_right])
    return response


def _other_of(request: HttpRequest, others: Sequence[Run]) -> Run:
    """The run that was asked for, or the newest one."""
    given = request.GET.get("with")
    if given is None:
        return others[0]
    for one in others:
        if str(one.pk) == given:
            return one
    raise Rejected(gettext("is no counted run of the same question in this project."), field="with")


def _contrasted(run: Run, other: Run, asked: Mapping[str, str]) -> dict[str, Any]:
    contrast = contrast_of(columns_of(run), columns_of(other))
    left, right = asked.get("left", ""), asked.get("right", "")
    page = Paginator(contrast.steps(left, right), PAGE).get_page(asked.get("page"))
    explored = [exploration_of(run), exploration_of(other)]
    return {
        "other": other,
        "contrast": contrast,
        "grid": _grid(contrast),
        "details": [one.detail for one in explored if one is not None],
        "page": page,
        "parted": parted_at(run, other, [int(step) for step in page.object_list]),
        "left": left,
        "right": right,
    }


def _grid(contrast: Contrast) -> list[tuple[Any, list[Any]]]:
    """The cross-table by rows; None where nothing is decided so by both."""
    found = {(cell.left, cell.right): cell for cell in contrast.cells}
    return [(row, [found.get((row, column)) for column in contrast.rights]) for row in contrast.lefts]
