"""One decided step: what was decided, everything that was said for and against it, and what counted."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from annotate.access import REACH, consensus_for, role_in, trace_for
from annotate.consensus.explore.hearing import Heard, hearing_of
from annotate.consensus.explore.ledger import ledger_of
from annotate.enums import Role
from annotate.label.revealing import note_seen
from annotate.models import Consensus, Person
from annotate.prelabel.queries import Signal, signal_of
from webapp.templatetags.typeset import has_math


@dataclass(frozen=True, slots=True)
class HeardView:
    """A label as the page tells it: by a machine as a signal, by a person as what was said."""

    heard: Heard
    signal: Signal | None

    @classmethod
    def of(cls, heard: Heard) -> HeardView:
        return cls(heard, signal_of(heard.label) if heard.is_machine else None)


@login_required
@require_safe
def decision(request: HttpRequest, pk: int) -> HttpResponse:
    found = consensus_for(request.user, pk)
    trace = trace_for(request.user, found.step.trace_id)
    hearing = hearing_of(found)
    ledger, around = ledger_of(found), _neighbours(found)
    assert isinstance(request.user, Person)
    if hearing.spoke or hearing.aside or hearing.gold or hearing.ruling:
        # Whoever labels this trace later is not blind any more.
        note_seen(request.user, trace)
    context = {
        "project": trace.project,
        "trace": trace,
        "step": found.step,
        "number": found.step.position + 1,
        "decision": found,
        "run": found.run,
        "hearing": hearing,
        "ledger": ledger,
        "widest": max((abs(line.log_odds) for line in ledger.lines), default=0.0) if ledger else 0.0,
        "spoke": [HeardView.of(one) for one in hearing.spoke],
        "aside": [HeardView.of(one) for one in hearing.aside],
        "gold": [HeardView.of(one) for one in hearing.gold],
        "before": around.get(found.step.position - 1),
        "after": around.get(found.step.position + 1),
        "can_review": role_in(request.user, trace.project) in REACH[Role.REVIEWER],
        "is_raw": "raw" in request.GET,
        "needs_math": "raw" not in request.GET and any(map(has_math, (found.step.text, trace.problem.text))),
    }
    return render(request, "consensus/decision.html", context)


def _neighbours(found: Consensus) -> dict[int, int]:
    """By place, the run's decisions about the step before and the one after."""
    around = (found.step.position - 1, found.step.position + 1)
    rows = Consensus.objects.filter(
        run=found.run_id, step__trace=found.step.trace_id, step__position__in=around, step__retired_in=None
    )
    return dict(rows.order_by().values_list("step__position", "pk"))
