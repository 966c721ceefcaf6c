"""The tables of a consensus run's explorer as files, in the language-free form that programs read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from annotate.access import run_for
from annotate.consensus.explore.queries import exploration_of
from annotate.consensus.funnel import as_json
from annotate.consensus.queries import funnel_of
from annotate.enums import Role, RunKind
from annotate.errors import NotAllowed, NotEstimable
from annotate.models import Run
from webapp.tables import Table

Rows = Iterable[Mapping[str, Any]]
RATE = ("k", "n", "traces", "value", "low", "high")


def _tiers(detail: Mapping[str, Any], run: Run) -> Rows:
    for one in detail["tiers"]:
        yield {**one, **{f"gold_wrong_{name}": one["gold"][name] for name in RATE}}


def _disputes(detail: Mapping[str, Any], run: Run) -> Rows:
    disputes = detail["disputes"]
    yield {"division": "all", "group": "", **disputes["overall"]}
    for division, groups in disputes["divisions"].items():
        for one in groups:
            yield {"division": division, "group": one["title"], **one}


# By name of the file: its columns, and its rows.
TABLES: Mapping[str, tuple[Sequence[str], Callable[[Mapping[str, Any], Run], Rows]]] = {
    "funnel": (
        ("reason", "title", "action", "steps", "traces"),
        lambda detail, run: as_json(funnel_of(run)),
    ),
    "tiers": (("tier", "n", "expected", *(f"gold_wrong_{name}" for name in RATE)), _tiers),
    "disputes": (("division", "group", *RATE), _disputes),
    "sources": (
        ("one", "other", "n", "differ", "lower"),
        lambda detail, run: detail["disputes"]["meetings"],
    ),
    "first-errors": (
        ("one", "other", "n", "same", "earlier", "later", "only_one", "only_other", "mean"),
        lambda detail, run: detail["places"]["pairs"],
    ),
    "costs": (
        (
            *("name", "kind", "labels", "completions", "prompt_tokens", "completion_tokens"),
            *("dollars", "unpriced", "seconds", "untimed"),
        ),
        lambda detail, run: detail["costs"]["rows"],
    ),
}


@login_required
@require_safe
def explorer_table(request: HttpRequest, pk: int, name: str) -> HttpResponse:
    """One table of the page, a row each; raises ``NotEstimable`` for a run that was not counted yet."""
    run = run_for(request.user, pk, role=Role.VIEWER)
    if run.kind != RunKind.CONSENSUS:
        raise NotAllowed
    exploration = exploration_of(run)
    if exploration is None:
        raise NotEstimable(gettext("This run has not been counted yet."))
    columns, rows = TABLES[name]
    response = HttpResponse(
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{run.project.slug}-{name}-{run.pk}.csv"'},
    )
    table = Table(response)
    table.row(columns)
    table.rows([row.get(column) for column in columns] for row in rows(exploration.detail, run))
    return response
