"""Label one trace with a preset, through the actions that the page calls, from the first answer to the submission."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from annotate.assign.actions import claim_next, fill_queue, rater_of
from annotate.enums import Role
from annotate.ingest.founding import create_from_preset, use_rubric
from annotate.label.actions import save_label, submit_assignment
from annotate.label.queries import Sheet, sheet_of
from annotate.models import Assignment, Criterion, Label, Step, Trace
from tests.factories import a_person, a_project, a_trace

# What is said by criterion and step (None: the trace), a level key or ``"in words: …"``.
Said = Mapping[tuple[str, int | None], str]
WORDS = "in words: "


def bob_opens(preset: str, *, kinds: Sequence[str] = ("thought",) * 4) -> Assignment:
    project = a_project(bob=Role.ANNOTATOR)
    use_rubric(project, create_from_preset(project, preset))
    trace = a_trace(project, n_steps=len(kinds))
    for position, kind in enumerate(kinds):
        Step.objects.filter(trace=trace, position=position).update(kind=kind)
    fill_queue(project)
    held = claim_next(project, rater_of(project, a_person("bob")))
    assert held is not None
    return held


def say(held: Assignment, criterion: str, position: int | None, answer: str) -> Label:
    asked = Criterion.objects.get(rubric=held.project.rubric_id, key=criterion)
    trace = Trace.objects.get(pk=held.trace_id)
    target = {"trace": trace} if position is None else {"step": trace.steps.get(position=position)}
    # A level that needs a reason carries it behind a bar: "give-up|no figure".
    value, _, text = answer.partition("|")
    if answer.startswith(WORDS):
        value, text = "", answer.removeprefix(WORDS)
    return save_label(held, held.token, criterion=asked, value=value, text=text, **target)


def open_now(held: Assignment) -> list[tuple[str, int | None]]:
    """What the page would still mark as open, by criterion key."""
    sheet: Sheet = sheet_of(held)
    key_of = {one.pk: one.key for one in sheet.criteria}
    return [(key_of[pk], position) for pk, position in sheet.open]


def answer_in_order(held: Assignment, said: Said) -> list[tuple[str, int | None]]:
    """Answer whatever is open next until nothing is, then submit; returns the questions in the order they came."""
    came: list[tuple[str, int | None]] = []
    while still := open_now(held):
        came.append(still[0])
        say(held, *still[0], said[still[0]])
    submit_assignment(held, held.token)
    return came


def counted(held: Assignment) -> dict[tuple[str, int | None], str]:
    """What counts in the end."""
    labels = Label.objects.counted().filter(assignment=held).select_related("criterion", "step")
    return {
        (one.criterion.key, one.step.position if one.step else None): one.value or f"{WORDS}{one.text}"
        for one in labels
    }
