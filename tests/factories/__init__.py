"""Plain functions that make rows. Alice owns, Bob labels, Carol reviews, Dan is a stranger."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence
from typing import Any

from annotate.enums import CandidateKind, Outcome, RaterKind, Role
from annotate.ingest.founding import (
    add_member,
    create_from_preset,
    create_project,
    freeze_rubric,
    use_rubric,
)
from annotate.models import (
    Candidate,
    Criterion,
    Entrant,
    Label,
    Lineup,
    Pair,
    Person,
    Problem,
    Project,
    Rater,
    Step,
    Trace,
)

_number = itertools.count(1)


def a_person(name: str = "alice", **fields: Any) -> Person:
    """The person of that name, made on first asking; the password is the name, said twice."""
    found = Person.objects.filter(username=name).first()
    return found or Person.objects.create_user(username=name, password=f"{name}-{name}", **fields)


def a_project(owner: Person | None = None, *, slug: str = "", overlap: int = 1, **members: Role) -> Project:
    """A project of Alice's (or ``owner``'s) with the verdict rubric; ``bob=Role.ANNOTATOR`` adds members."""
    slug = slug or f"project-{next(_number)}"
    project = create_project(owner or a_person("alice"), name=slug, slug=slug, overlap=overlap)
    for name, role in members.items():
        add_member(project, a_person(name), role)
    return project


def a_trace(
    project: Project,
    *,
    n_steps: int = 3,
    texts: Sequence[str] | None = None,
    external_id: str = "",
    reference_answer: str | None = "42",
    outcome: Outcome | None = None,
    problem: Problem | None = None,
) -> Trace:
    """A trace of ``problem``, or of a problem of its own."""
    external_id = external_id or f"trace-{next(_number)}"
    bodies = list(texts) if texts is not None else [f"Step {i + 1}: one more.\n" for i in range(n_steps)]
    text = "".join(bodies)
    problem = problem or Problem.objects.create(
        project=project,
        external_id=f"problem of {external_id}",
        text="What is six times seven?",
        reference_answer=reference_answer,
        content_hash=hashlib.sha256(external_id.encode()).hexdigest(),
    )
    trace = Trace.objects.create(
        project=project,
        problem=problem,
        external_id=external_id,
        outcome=outcome,
        n_steps=len(bodies),
        text_hash=hashlib.sha256(text.encode()).hexdigest(),
        content_hash=hashlib.sha256(f"{external_id}{text}".encode()).hexdigest(),
    )
    Step.objects.bulk_create(
        Step(trace=trace, position=i, text=body, tail=len(body) - len(body.rstrip("\n")))
        for i, body in enumerate(bodies)
    )
    return trace


def a_pair(left: Trace | Step, right: Trace | Step, *, external_id: str = "") -> Pair:
    """Two traces, or two steps, to be compared."""
    noun = "step" if isinstance(left, Step) else "trace"
    project = left.trace.project if isinstance(left, Step) else left.project
    sides = {f"left_{noun}": left, f"right_{noun}": right}
    return Pair.objects.create(project=project, external_id=external_id or f"pair-{next(_number)}", **sides)


def a_lineup(*traces: Trace, external_id: str = "") -> Lineup:
    """Traces of one problem, to be put in order, at the places in which they are given."""
    lineup = Lineup.objects.create(
        project=traces[0].project,
        problem=traces[0].problem,
        external_id=external_id or f"lineup-{next(_number)}",
        size=len(traces),
    )
    Entrant.objects.bulk_create(
        Entrant(lineup=lineup, trace=trace, place=place) for place, trace in enumerate(traces)
    )
    return lineup


def a_comparing_project(
    *, preset: str = "preference", slug: str = "", overlap: int = 1, **members: Role
) -> Project:
    """A project of Alice's that asks about pairs, or with the preset ``ranking`` about lineups."""
    project = a_project(slug=slug, overlap=overlap, **members)
    use_rubric(project, create_from_preset(project, preset))
    return project


def some_attempts(project: Project, *texts: str, outcomes: Sequence[Outcome | None] = ()) -> list[Trace]:
    """Traces of one problem of their own, each of one step that says its text."""
    first = a_trace(project, texts=texts[:1], outcome=outcomes[0] if outcomes else None)
    rest = [
        a_trace(
            project,
            texts=[text],
            outcome=outcomes[i] if i < len(outcomes) else None,
            problem=first.problem,
        )
        for i, text in enumerate(texts[1:], start=1)
    ]
    return [first, *rest]


def a_pair_label(rater: Rater, pair: Pair, value: str, *, criterion_key: str = "preference") -> Label:
    criterion = a_criterion(pair.project, criterion_key)
    freeze_rubric(criterion.rubric)
    return Label.objects.create(rater=rater, criterion=criterion, pair=pair, value=value)


def a_candidate(
    step: Step, text: str = "", *, kind: CandidateKind = CandidateKind.ALTERNATIVE, **fields: Any
) -> Candidate:
    """A text about a step, after those of its kind that are there."""
    text = text or f"Another way {next(_number)}."
    return Candidate.objects.create(
        step=step,
        kind=kind,
        position=step.candidates.filter(kind=kind).count(),
        text=text,
        text_hash=hashlib.sha256(text.encode()).hexdigest(),
        **fields,
    )


def a_rater(project: Project, kind: RaterKind = RaterKind.PERSON, name: str = "", **fields: Any) -> Rater:
    return Rater.objects.create(project=project, kind=kind, name=name or f"{kind}-{next(_number)}", **fields)


def a_criterion(project: Project, key: str = "verdict") -> Criterion:
    assert project.rubric is not None
    return Criterion.objects.get(rubric=project.rubric, key=key)


def a_label(rater: Rater, step: Step, value: str, *, criterion_key: str = "verdict", **fields: Any) -> Label:
    project = step.trace.project
    assert project.rubric is not None
    freeze_rubric(project.rubric)
    return Label.objects.create(
        rater=rater, criterion=a_criterion(project, criterion_key), step=step, value=value, **fields
    )
