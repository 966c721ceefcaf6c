"""Label one trace with a preset, through the actions that the page calls, from the first answer to the submission."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from annotate.assign.actions import claim_next, fill_queue, rater_of
from annotate.enums import CandidateKind, Role, Scope
from annotate.ingest.candidates import add_candidates
from annotate.ingest.drafts import CandidateDraft
from annotate.ingest.founding import create_from_preset, use_rubric
from annotate.label.actions import save_label, submit_assignment
from annotate.label.queries import Sheet, sheet_of
from annotate.models import Assignment, Candidate, Criterion, Label, Step, Trace
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


def bob_is_given(held: Assignment, position: int, kind: CandidateKind, *texts: str) -> None:
    drafts = [CandidateDraft(position, kind, text) for text in texts]
    assert add_candidates(Trace.objects.get(pk=held.trace_id), drafts).created == len(texts)


def say(held: Assignment, criterion: str, position: int | None, answer: str) -> None:
    """One answer; about candidates one for each, with a stroke between them."""
    asked = Criterion.objects.get(rubric=held.project.rubric_id, key=criterion)
    trace = Trace.objects.get(pk=held.trace_id)
    if asked.scope == Scope.CANDIDATE:
        given = Candidate.objects.filter(
            step__trace=trace, step__position=position, kind=asked.candidate_kind
        )
        for candidate, value in zip(given.order_by("position"), answer.split("/"), strict=True):
            save_label(held, held.token, criterion=asked, candidate=candidate, value=value)
        return
    target = {"trace": trace} if position is None else {"step": trace.steps.get(position=position)}
    # A level that needs a reason carries it behind a bar: "give-up|no figure".
    value, _, text = answer.partition("|")
    if answer.startswith(WORDS):
        value, text = "", answer.removeprefix(WORDS)
    save_label(held, held.token, criterion=asked, value=value, text=text, **target)


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
    labels = Label.objects.counted().filter(assignment=held).order_by("candidate__position")
    found: dict[tuple[str, int | None], str] = {}
    for one in labels.select_related("criterion", "step", "candidate__step"):
        step = one.candidate.step if one.candidate else one.step
        key, said = (one.criterion.key, step.position if step else None), one.value or f"{WORDS}{one.text}"
        found[key] = f"{found[key]}/{said}" if key in found else said
    return found
