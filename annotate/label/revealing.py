"""Blind first: what machines say is hidden until a person has committed, and never forgotten to have been seen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import models

from annotate.enums import RaterKind
from annotate.models import Assignment, Label, Level, Person, Reveal, Trace

from .queries import reader_of

# Whose labels count as pre-labels. Gold keys and other people are shown to nobody who labels.
MACHINES = (RaterKind.JUDGE, RaterKind.ROLLOUT, RaterKind.VERIFIER)


def seen_by(person: int, trace: int) -> models.Exists:
    """Whether the person knows what machines say about the trace, from wherever."""
    return models.Exists(Reveal.objects.filter(person=person, trace=trace))


def is_revealed(assignment: Assignment) -> bool:
    """Whether the labelling page of this assignment shows the pre-labels."""
    if not assignment.project.reveals_prelabels:
        return False
    return Reveal.objects.filter(
        person=reader_of(assignment).person_id, trace=assignment.trace_id, assignment=assignment
    ).exists()


def reveal_to(held: Assignment) -> bool:
    """Show the pre-labels of a trace whose answers are complete, where the project does so; whether they now are.

    For the label room, in place of the first submission: the answers so far stay as they are and can be changed, and
    the second submission makes them count. False where there is nothing to show, or it has been shown.
    """
    person_id = reader_of(held).person_id
    if not held.project.reveals_prelabels or person_id is None or is_revealed(held):
        return False
    if not prelabels_of(held.trace_id).exists():
        return False
    Reveal.objects.update_or_create(
        person_id=person_id, trace_id=held.trace_id, defaults={"assignment": held}
    )
    return True


def prelabels_of(trace_id: int) -> models.QuerySet[Label]:
    """What machines say about the steps of a trace and about it as a whole."""
    return Label.objects.about(trace_id).counted().filter(candidate=None, rater__kind__in=MACHINES)


@dataclass(frozen=True, slots=True)
class MachineWord:
    """What one machine says at one place, as far as somebody who labels is shown it."""

    rater: str
    kind: str
    criterion_id: int
    criterion: str
    value: str
    title: str
    probability: float | None
    text: str


def machine_words(assignment: Assignment) -> dict[int | None, list[MachineWord]]:
    """What machines say about the trace, by step; None is the trace as a whole."""
    words: dict[int | None, list[MachineWord]] = {}
    labels = prelabels_of(assignment.trace_id).select_related("rater", "criterion", "step")
    titles = {
        (level.criterion_id, level.key): level.title
        for level in Level.objects.filter(criterion__rubric=assignment.project.rubric_id)
    }
    for label in labels.filter(criterion__rubric=assignment.project.rubric_id).order_by(
        "rater__kind", "rater__name"
    ):
        words.setdefault(label.step.position if label.step else None, []).append(
            MachineWord(
                rater=label.rater.name,
                kind=label.rater.kind,
                criterion_id=label.criterion_id,
                criterion=label.criterion.title,
                value=label.value,
                title=titles.get((label.criterion_id, label.value), label.value),
                probability=(label.distribution or {}).get(label.value),
                text=label.text,
            )
        )
    return words


def note_seen(person: Person, trace: Trace) -> None:
    """The person has looked at the page that shows everybody's word on a trace."""
    Reveal.objects.get_or_create(person=person, trace=trace)


def note_read(person: Person, label: Label) -> None:
    """The person has read one label by itself; where it is another's word on a trace, they know it from now on."""
    note_all_read(person, [label])


def note_all_read(person: Person, labels: Iterable[Label]) -> None:
    """The same of many, in one statement."""
    traces = {_trace_of(label) for label in labels if label.rater.person_id != person.pk}
    Reveal.objects.bulk_create(
        [Reveal(person=person, trace_id=trace) for trace in sorted(filter(None, traces))],
        ignore_conflicts=True,
    )


def _trace_of(label: Label) -> int | None:
    candidate = label.candidate
    step = label.step or (candidate.step if candidate else None)
    return label.trace_id or (step.trace_id if step else None)
