"""What the pictures show besides the demo's own data: two people at work, a reviewer, a question, a long queue.

Everything is done by the actions that the pages call, on a copy of the demo. The people are made up, like the demo's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from django.utils import timezone

from annotate.assign.actions import claim_next, rater_of
from annotate.assign.fillings import ask_filling, cancel_filling, work_filling
from annotate.consensus.actions import run_consensus
from annotate.enums import RaterKind, Role
from annotate.ingest.founding import create_project
from annotate.ingest.inviting import invite
from annotate.label.actions import save_label, submit_assignment
from annotate.label.answers import Said
from annotate.label.decisions import decide
from annotate.label.discussion import ask_reviewers, send_back, write_comment
from annotate.models import Assignment, Criterion, Label, Person, Problem, Project, Release, Run, Step, Trace
from annotate.prelabel.audit.entry import AUDIT

READINGS = 6
# Seconds for the steps of a trace, over and over: made up, and said so wherever they show.
SECONDS = (4.2, 6.1, 3.8, 9.4, 5.0, 7.3)
EMPTY, LONG = "empty", "long-queue"


@dataclass
class Scene:
    """Addresses of single pages by the name of what they show."""

    at: dict[str, str] = field(default_factory=dict)


def set_the_scene(slug: str) -> Scene:
    project = Project.objects.select_related("rubric").get(slug=slug)
    manager, ann, ben = (Person.objects.get(username=name) for name in ("manager", "ann", "ben"))
    readings = _read(project, ann, ben)
    trace = readings[0].trace
    _talk(project, manager, ann, ben, readings)
    _decide(project, trace, manager)
    invite(project, manager, role=Role.ANNOTATOR, days=14, uses=3)
    _other_projects(manager)
    return Scene(_addresses(project, trace))


def _read(project: Project, ann: Person, ben: Person) -> list[Assignment]:
    """Ann gives the answers of the key, Ben now and then another one; on four days, the last of them today."""
    criterion = Criterion.objects.get(rubric=project.rubric, key="verdict")
    done = []
    for number in range(READINGS):
        for person in (ann, ben):
            held = claim_next(project, rater_of(project, person))
            assert held is not None
            for step in held.trace.steps.order_by("position"):
                value = _value(step, differs=person == ben and (step.position + number) % 5 == 3)
                seconds = SECONDS[(step.position + number) % len(SECONDS)]
                save_label(held, held.token, step=step, criterion=criterion, value=value, seconds=seconds)
            done.append(submit_assignment(held, held.token))
    for n, one in enumerate(done):
        at = timezone.now() - timedelta(days=(READINGS - 1 - n // 2) // 2, minutes=3 * (len(done) - n))
        Assignment.objects.filter(pk=one.pk).update(finished_at=at)
    return done


def _value(step: Step, *, differs: bool) -> str:
    key = Label.objects.filter(step=step, rater__kind=RaterKind.GOLD).first()
    value = key.value if key else "good"
    return ("bad" if value == "good" else "good") if differs else value


def _talk(project: Project, manager: Person, ann: Person, ben: Person, readings: list[Assignment]) -> None:
    anns, bens = readings[0], readings[1]
    ask_reviewers(anns, "Is a step right that copies a wrong number, but adds up correctly?", position=2)
    write_comment(
        anns.trace, manager, "Yes: judge the step by what stands before it, and mark the step that copied.",
        position=2, to=anns,
    )  # fmt: skip
    ask_reviewers(
        readings[4], "The bus empties here. Does the guideline count that as one step or two?", position=1
    )
    send_back(readings[3], manager, [(0, "Please look at this step again: what does the problem say?")])
    write_comment(bens.trace, manager, "The readings differ in the arithmetic alone.", position=3)


def _decide(project: Project, trace: Trace, manager: Person) -> None:
    criterion = Criterion.objects.get(rubric=project.rubric, key="verdict")
    answers = Label.objects.counted().filter(step__trace=trace, rater__kind=RaterKind.PERSON)
    by_step: dict[int, set[str]] = {}
    for position, value in answers.values_list("step__position", "value"):
        by_step.setdefault(position, set()).add(value)
    split = [position for position, values in sorted(by_step.items()) if len(values) > 1]
    for position in split[:1]:
        decide(trace, manager, [Said(criterion.pk, position, "good", "It follows from the step before.")])


def _other_projects(manager: Person) -> None:
    create_project(manager, name="A project without traces", slug=EMPTY)
    long = create_project(manager, name="A long queue", slug=LONG, overlap=2)
    problem = Problem.objects.create(
        project=long, external_id="p", text="What is six times seven?", content_hash="0" * 64
    )
    traces = Trace.objects.bulk_create(
        Trace(
            project=long, problem=problem, external_id=f"t{i:04}", n_steps=1,
            text_hash="0" * 64, content_hash=f"{i:064}",
        )
        for i in range(2500)
    )  # fmt: skip
    Step.objects.bulk_create(Step(trace=trace, position=0, text="Answer: 42") for trace in traces)
    ask_filling(long, slots=True)
    pieces = iter(range(1, 100))
    work_filling(long, should_stop=lambda: next(pieces) == 5)
    cancel_filling(long)


def _addresses(project: Project, trace: Trace) -> dict[str, str]:
    believed = run_consensus(project, policy="posterior")
    runs = Run.objects.filter(project=project, kind="prelabel")
    judge = project.raters.filter(kind=RaterKind.JUDGE, runs__isnull=False).order_by("pk").first()
    release = Release.objects.filter(project=project).order_by("pk").last()
    consensus = (
        Run.objects.filter(project=project, kind="consensus").exclude(pk=believed.pk).order_by("pk").last()
    )
    run = runs.filter(rater__kind=RaterKind.ROLLOUT).last() or runs.exclude(name=AUDIT).last()
    assert judge is not None
    assert release is not None
    assert consensus is not None
    assert run is not None
    assert project.rubric_id is not None
    shown = Trace.objects.get(project=project, external_id="arith-0008")
    return {
        "trace": f"/traces/{shown.pk}/",
        "review": f"/traces/{trace.pk}/review/",
        "history": f"/traces/{trace.pk}/history/",
        "rubric": f"/rubrics/{project.rubric_id}/",
        "run": f"/runs/{run.pk}/",
        "answers": f"/runs/{run.pk}/answers/?trace={shown.pk}&step=2",
        "audit": f"/raters/{judge.pk}/audit/",
        "consensus-run": f"/consensus/{consensus.pk}/",
        "explorer": f"/consensus/{believed.pk}/explorer/",
        "beside": f"/consensus/{believed.pk}/beside/?with={consensus.pk}",
        "decision": f"/decisions/{believed.consensus.get(step__trace=shown, step__position=2).pk}/",
        "release": f"/releases/{release.pk}/",
    }
