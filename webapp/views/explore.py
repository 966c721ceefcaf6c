"""What a consensus run comes to: a slider over risk, where it lost steps, where sources disagree, what it cost."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from annotate.access import REACH, role_in, run_for
from annotate.consensus.explore.queries import exploration_of, has_later_labels, runs_beside
from annotate.consensus.explore.thresholds import place_of
from annotate.consensus.queries import funnel_of, note_of, undecided_runs
from annotate.enums import Role, RunKind, RunState
from annotate.errors import Conflict, NotAllowed, NotEstimable, Rejected
from annotate.models import Exploration, Run
from webapp.forms import HANDED_OVER
from webapp.tables import Table, lines_of
from webapp.templatetags.risks import live_places
from workers.tasks.explore import send_exploration

USUAL_RISK = 0.02
BESIDE = 10
UNDECIDED_SHOWN = 5


def _run_of(request: HttpRequest, pk: int, role: Role = Role.VIEWER) -> Run:
    run = run_for(request.user, pk, role=role)
    if run.kind != RunKind.CONSENSUS:
        raise NotAllowed
    return run


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def explorer(request: HttpRequest, pk: int) -> HttpResponse:
    """GET shows the run at ``?risk=``; POST has it counted anew, with the labels and gold of now."""
    if request.method == "POST":
        run = _run_of(request, pk, Role.MANAGER)
        if run.state != RunState.DONE:
            raise Conflict(gettext("A run that is not done has nothing to count."))
        send_exploration(run)
        messages.success(request, gettext("The count is %(handed_over)s") % {"handed_over": HANDED_OVER})
        return redirect("explorer", pk=pk)
    run = _run_of(request, pk)
    exploration = exploration_of(run)
    curve = exploration.detail["curve"] if exploration is not None else []
    if curve and "place" in request.GET:
        # The form without a script: the address then names the risk, so that it can be passed on.
        asked = urlencode({"risk": f"{curve[_place_in(request, len(curve))]['risk']:g}"})
        return redirect(f"{reverse('explorer', args=[pk])}?{asked}#risk")
    risk = _risk_in(request)
    context: dict[str, Any] = {
        "project": run.project,
        "run": run,
        "exploration": exploration,
        "can_manage": role_in(request.user, run.project) in REACH[Role.MANAGER],
        "funnel": funnel_of(run),
        "beside": runs_beside(run)[:BESIDE],
        "is_done": run.state == RunState.DONE,
        "note": "" if run.state == RunState.DONE else note_of(run),
        "undecided": undecided_runs(run.project).exclude(pk=run.pk)[:UNDECIDED_SHOWN],
    }
    if exploration is not None:
        context |= {
            "detail": exploration.detail,
            "place": _chosen(exploration, risk) if curve else None,
            "places": live_places(exploration.detail),
            "is_stale": has_later_labels(exploration, run.project),
        }
    return render(request, "consensus/explorer.html", context)


def _risk_in(request: HttpRequest) -> float | None:
    given = request.GET.get("risk")
    if given is None:
        return None
    try:
        risk = float(given)
    except ValueError:
        risk = math.nan
    if not 0 <= risk <= 1:
        raise Rejected(gettext("must be a number from 0 to 1, such as 0.02."), field="risk")
    return risk


def _place_in(request: HttpRequest, n: int) -> int:
    given = request.GET["place"]
    if not given.isdecimal() or int(given) >= n:
        raise Rejected(gettext("is no place of the slider."), field="place")
    return int(given)


def _chosen(exploration: Exploration, risk: float | None) -> int:
    """The place of the risk that was asked for, or of the run's own, or of the usual one."""
    detail = exploration.detail
    if risk is None:
        risk = detail["own"][0] if detail["own"] else USUAL_RISK
    return place_of(risk, [point["risk"] for point in detail["curve"]])


RATE = ("k", "n", "traces", "value", "low", "high")
COLUMNS = (
    *("risk", "steps", "kept", "kept_share", "expected_wrong", "kept_bad", "asked", "asked_traces"),
    *(f"gold_wrong_{name}" for name in RATE),
    *(f"first_errors_kept_{name}" for name in RATE),
)


@login_required
@require_safe
def explorer_csv(request: HttpRequest, pk: int) -> HttpResponse:
    """Every risk, one row each, in the language-free form that programs read; without a risk, what the run keeps."""
    run = _run_of(request, pk)
    exploration = exploration_of(run)
    if exploration is None:
        raise NotEstimable(gettext("This run has not been counted yet."))
    called = f"{run.project.slug}-risks-{run.pk}.csv"
    response = HttpResponse(
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{called}"'},
    )
    table = Table(response)
    table.row(COLUMNS)
    detail = exploration.detail
    total = detail["n_steps"] - detail["n_behind"]
    for point in (*detail["curve"], detail["decided"]):
        table.row(
            [
                *(point["risk"], total, point["kept"], point["kept"] / total if total else None),
                *(point[name] for name in ("expected", "bad", "asked", "asked_traces")),
                *(point["gold"][name] for name in RATE),
                *(point["first"][name] for name in RATE),
            ]
        )
    return response


DECISION_COLUMNS = (
    *("trace", "step", "action", "value", "probability", "risk", "p_correct", "tier"),
    *("reason", "explanation", "labels", "source_model", "kind"),
)
CHUNK = 2000


@login_required
@require_safe
def decisions_csv(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Every decision of the run as a row, streamed: a million of them never are in memory at once."""
    run = _run_of(request, pk)
    called = f"{run.project.slug}-decisions-{run.pk}.csv"
    return StreamingHttpResponse(
        lines_of(_decision_rows(run)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{called}"'},
    )


def _decision_rows(run: Run) -> Iterator[Sequence[Any]]:
    yield DECISION_COLUMNS
    rows = (
        run.consensus.order_by("pk")
        .values_list(
            *("step__trace__external_id", "step__position", "action", "value"),
            *("probability", "risk", "p_correct", "tier", "reason"),
            *("explanation", "spoke", "step__trace__source_model", "step__kind"),
        )
        .iterator(chunk_size=CHUNK)
    )
    for trace, position, *decided, explanation, spoke, model, kind in rows:
        labels = " ".join(map(str, spoke))
        yield [trace, position + 1, *decided, explanation, labels, model, kind]
