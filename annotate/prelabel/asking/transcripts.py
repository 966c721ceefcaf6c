"""What a run's backends were asked about one step and what they answered: the evidence behind a machine's label."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q

from annotate.enums import UnitState
from annotate.ingest.layouts import place_now
from annotate.models import Completion, Label, Run, Trace, Unit

# A page is for reading; whoever wants all of a wide rollout takes the release's evidence.
MOST_SHOWN = 200

_OUTCOMES = {"r": "right", "w": "wrong", "t": "truncated", "u": "ungradable", "f": "failed"}


@dataclass(frozen=True, slots=True)
class Reply:
    """One sample. ``outcome`` is how a rollout strategy graded it, empty where nobody did."""

    completion: Completion
    outcome: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """One question with its samples in order. ``left_out`` of them are stored and not shown."""

    digest: str
    purpose: str
    player: str
    replies: tuple[Reply, ...]
    left_out: int

    @property
    def first(self) -> Completion:
        return self.replies[0].completion


def exchanges_about(run: Run, trace: Trace, position: int | None) -> list[Exchange]:
    """Everything asked about one place of ``trace`` (``position`` None: the trace as a whole), first asked first.

    Traces of one problem that begin alike share answers, which are stored with the first that asked; a label that
    names its question finds them by it.
    """
    outcomes = dict(_named_questions(run, trace, position))
    asked = Q(digest__in=list(outcomes))
    about = _place_then(run, trace, position)
    if position is None or about is not None:
        asked |= Q(unit__trace=trace, about=about)
    rows = Completion.objects.filter(run=run).filter(asked)
    questions: dict[str, list[Completion]] = {}
    for row in rows.order_by("pk"):
        questions.setdefault(row.digest, []).append(row)
    return [
        _exchange(digest, sorted(found, key=lambda row: row.sample), outcomes.get(digest, ""))
        for digest, found in questions.items()
    ]


def _place_then(run: Run, trace: Trace, position: int | None) -> int | None:
    """Where the step was when the run looked at the trace; None where there was none such, or for the whole trace."""
    unit = Unit.objects.filter(run=run, trace=trace).first()
    if position is None or unit is None:
        return position
    now = {step.pk: step.position for step in trace.steps.all()}
    places = place_now(trace, unit.boundary_version, now)
    return next((then for then, at in places.items() if at == position), None)


def _exchange(digest: str, rows: list[Completion], outcomes: str) -> Exchange:
    shown = rows[:MOST_SHOWN]
    replies = tuple(
        Reply(row, _OUTCOMES.get(outcomes[row.sample], "") if row.sample < len(outcomes) else "")
        for row in shown
    )
    return Exchange(digest, shown[0].purpose, shown[0].player, replies, len(rows) - len(shown))


def _named_questions(run: Run, trace: Trace, position: int | None) -> Iterable[tuple[str, str]]:
    """(digest, outcomes) of every question the run's labels and silences about the place name."""
    labels = Label.objects.live().filter(run=run)
    here = Q(step__trace=trace, step__retired_in=None, step__position=position)
    place = Q(trace=trace) if position is None else here
    found = list(labels.filter(place).values_list("evidence", flat=True))
    for unit in Unit.objects.filter(run=run, trace=trace, state=UnitState.DONE):
        silences = unit.findings.get("silences", ())
        then = _place_then(run, trace, position)
        found += [
            silence["evidence"]
            for silence in silences
            if silence["position"] == then and (position is None) == (then is None)
        ]
    for evidence in found:
        if evidence.get("question"):
            yield evidence["question"], evidence.get("outcomes", "")
