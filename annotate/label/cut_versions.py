"""How a trace was cut at an earlier boundary version, and where its places are now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from annotate.ingest.layouts import steps_at
from annotate.models import Assignment, Criterion, Label, Recut, Step, Trace

from .answers import Said
from .cut_rules import TOO_LATE
from .queries import reader_of, rubric_criteria

# Where an answer lies that was on its way when its step was split or merged: written, and standing nowhere.
CAME_LATE = "came_late"


def boundary_of(assignment: Assignment) -> int:
    """The boundary version of the trace as it is this moment."""
    return Trace.objects.values_list("boundary_version", flat=True).get(pk=assignment.trace_id)


@dataclass(frozen=True, slots=True)
class Moved:
    """An answer where its step is now, or ``gone``: the step it was about, which was split or merged."""

    said: Said
    gone: Step | None = None


def moved(trace: Trace, said: Sequence[Said], now: Mapping[int, int]) -> list[Moved]:
    """Answers that name places of earlier versions, where these are now. ``now``: each step's position by its key."""
    layouts: dict[int, list[Step]] = {}
    found = []
    for one in said:
        if one.boundary is None or one.position is None:
            found.append(Moved(one))
            continue
        if one.boundary not in layouts:
            layouts[one.boundary] = steps_at(trace, one.boundary)
        steps = layouts[one.boundary]
        if one.position >= len(steps):
            found.append(Moved(replace(one, boundary=None)))
            continue
        step = steps[one.position]
        is_here = step.pk in now
        at = now[step.pk] if is_here else one.position
        found.append(Moved(replace(one, position=at, boundary=None), None if is_here else step))
    return found


@dataclass(frozen=True, slots=True)
class OldAnswer:
    """What somebody said about a step before it was split or merged, beside the places that are open again."""

    criterion: Criterion
    value: str
    title: str
    text: str
    kind: str
    why: str


def old_answers(assignment: Assignment) -> dict[int, list[OldAnswer]]:
    """The holder's own answers that could not be carried over, by the step of now that they were about a part of."""
    if assignment.trace.boundary_version == 1:
        return {}
    acts = list(Recut.objects.filter(trace=assignment.trace_id).order_by("version"))
    if not acts:
        return {}
    reader = reader_of(assignment)
    why = {one["label"]: one["why"] for act in acts for one in act.aside}
    took = {pk: act for act in acts for pk in act.took}
    own = Label.objects.filter(rater=reader, step__in=took, is_live=False).exclude(value="", text="")
    current = {one.pk: one for one in rubric_criteria(assignment.project)}
    here = set(Step.objects.filter(trace=assignment.trace_id).values_list("pk", flat=True))
    answered = set(
        Label.objects.live().filter(rater=reader, step__in=here).values_list("step_id", "criterion_id")
    )
    found: dict[int, list[OldAnswer]] = {}
    for label in own.order_by("pk"):
        is_late = bool(label.evidence.get(CAME_LATE))
        if label.criterion_id not in current or not (is_late or label.pk in why):
            continue
        assert label.step_id is not None
        criterion, act = current[label.criterion_id], took[label.step_id]
        titles = {level.key: level.title for level in criterion.levels.all()}
        said = OldAnswer(
            criterion,
            label.value,
            ", ".join(titles.get(part, part) for part in label.value.split()),
            label.text,
            act.kind,
            TOO_LATE if is_late else why[label.pk],
        )
        for pk in _here(label.step_id, took, here):
            if (pk, label.criterion_id) not in answered:
                found.setdefault(pk, []).append(said)
    return found


def _here(pk: int, took: Mapping[int, Recut], here: set[int]) -> set[int]:
    """The steps of now that hold a part of a step."""
    found: set[int] = set()
    seen: set[int] = set()
    left = [pk]
    while left:
        one = left.pop()
        if one in seen:
            continue
        seen.add(one)
        if one in here:
            found.add(one)
        elif one in took:
            left += took[one].made
    return found
