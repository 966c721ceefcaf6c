"""Everything that was said of one decided step: what spoke, what was set aside and why, gold, and a reviewer's word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Q

from annotate.consensus.evidence import standing_of
from annotate.enums import AssignmentState, Purpose, RaterKind, Verdict
from annotate.models import Consensus, Label

# Why a label did not speak. The words for people are the pages'.
GATE = "gate"
EXCLUDED = "excluded"
UNSURE = "unsure"
LATER = "later"
PROBE = "probe"
KNOWN_TRACE = "known_trace"
NOT_SUBMITTED = "not_submitted"
NOT_HEARD = "not_heard"


@dataclass(frozen=True, slots=True)
class Heard:
    """A label with, where it did not speak, the code of the reason and what more there is to say of it."""

    label: Label
    aside: str = ""
    told: str = ""

    @property
    def is_machine(self) -> bool:
        return self.label.rater.is_machine

    @property
    def is_revised(self) -> bool:
        """Whether it spoke and has been taken back or revised since."""
        return not self.label.is_live


@dataclass(frozen=True, slots=True)
class Hearing:
    """``missing`` labels spoke and are gone: nothing but their number is known."""

    spoke: tuple[Heard, ...]
    aside: tuple[Heard, ...]
    gold: tuple[Heard, ...]
    ruling: Heard | None
    missing: int


def hearing_of(decision: Consensus) -> Hearing:
    """Who said what of the step, as far as it bears on the run's question or spoke."""
    run = decision.run
    spoke = set(decision.spoke)
    here = Q(criterion=run.criterion_id, is_live=True, step=decision.step_id) | Q(pk__in=spoke)
    labels = list(
        Label.objects.filter(here)
        .select_related("rater", "criterion", "decided_by", "assignment", "candidate", "step")
        .order_by("rater__kind", "rater__name", "pk")
    )
    distrusted = standing_of(run.project).distrusted
    heard, aside, gold = [], [], []
    ruling = None
    for label in labels:
        if label.rater.kind == RaterKind.REVIEW:
            ruling = Heard(label) if label.is_live else ruling
        elif label.rater.kind == RaterKind.GOLD:
            gold.append(Heard(label))
        elif label.pk in spoke:
            # Policies read what is unsure, and hear nothing in it.
            if label.value == Verdict.UNSURE:
                aside.append(Heard(label, UNSURE))
            else:
                heard.append(Heard(label))
        else:
            aside.append(_aside(label, decision, distrusted))
    return Hearing(
        tuple(heard), tuple(aside), tuple(gold), ruling, len(spoke) - len({one.pk for one in labels} & spoke)
    )


def _aside(label: Label, decision: Consensus, distrusted: Mapping[int, tuple[str, str]]) -> Heard:
    rater, run = label.rater, decision.run
    if rater.kind == RaterKind.PROBE:
        return Heard(label, PROBE)
    if run.started_at is not None and label.created_at > run.started_at:
        return Heard(label, LATER)
    if label.assignment is not None and label.assignment.state != AssignmentState.SUBMITTED:
        return Heard(label, NOT_SUBMITTED)
    if label.assignment is not None and label.assignment.purpose != Purpose.WORK:
        return Heard(label, KNOWN_TRACE)
    if rater.excluded_from is not None and label.created_at >= rater.excluded_from:
        return Heard(label, EXCLUDED)
    if rater.pk in distrusted:
        return Heard(label, GATE, distrusted[rater.pk][1])
    return Heard(label, UNSURE if label.value == Verdict.UNSURE else NOT_HEARD)
