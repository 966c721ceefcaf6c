"""The demo's main job, step by step: every step looks first whether it is done, so a second start resumes."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings

from annotate.assign.actions import fill_queue
from annotate.consensus.actions import run_consensus
from annotate.consensus.queries import latest_consensus
from annotate.enums import RaterKind, ReleaseState, Role, RunState
from annotate.errors import Conflict
from annotate.export.actions import build_release
from annotate.ingest.actions import IngestReport, ingest_file
from annotate.ingest.founding import add_member, create_person, create_project, remove_project
from annotate.measure.reports import audited_criterion
from annotate.models import Person, Project, Release, Run
from annotate.prelabel.actions import open_run, retry_failed
from annotate.prelabel.audit.actions import audits_of, open_audit
from workers.calibration import settings_beside

FIXTURES = Path(settings.BASE_DIR) / "fixtures"
SLUG = "arithmetic"
AUDIT_TRACES = 8
SIGN_INS = settings.HOME / "demo-sign-ins.json"
# The manager founds the project and so owns it.
PEOPLE = (("manager", Role.OWNER), ("ann", Role.ANNOTATOR), ("ben", Role.ANNOTATOR))


@dataclass(frozen=True, slots=True)
class DemoRun:
    title: str
    strategy: str
    backend: str
    rater: str
    settings: Mapping[str, object] = field(default_factory=dict)


def demo_runs() -> tuple[DemoRun, ...]:
    policy = f"transformers:{FIXTURES / 'models' / 'policy'}"
    judge = f"transformers:{FIXTURES / 'models' / 'judge'}"
    return (
        DemoRun("Arithmetic verifier", "verifier/arithmetic", "", "verifier/arithmetic@1"),
        DemoRun("Judge by likelihood", "judge/likelihood", judge, "judge/tiny-likelihood@1"),
        DemoRun(
            "Judge by critique", "judge/critique", judge, "judge/tiny-critique@1", {"dialect": "equation"}
        ),
        DemoRun("Monte-Carlo rollouts", "rollout/scan", policy, "rollout/tiny-scan@1"),
    )


def remove_demo() -> bool:
    """Delete the demo's project, and no other; say whether there was one."""
    project = Project.objects.filter(slug=SLUG).first()
    if project is None:
        return False
    remove_project(project)
    return True


def sign_ins() -> dict[str, str]:
    """Names and passwords of the demo's people: generated once, kept in a file only this account can read.

    Raises Conflict when one of the names belongs to somebody whom the demo did not make.
    """
    kept: dict[str, str] = json.loads(SIGN_INS.read_text()) if SIGN_INS.exists() else {}
    missing = [name for name, _ in PEOPLE if not Person.objects.filter(username=name).exists()]
    if strangers := [name for name, _ in PEOPLE if name not in missing and name not in kept]:
        raise Conflict(
            f"{', '.join(strangers)}: there are such people already, and not from the demo ({SIGN_INS} does not "
            "know them). Run the demo with a GRADUS_HOME of its own."
        )
    kept |= {name: create_person(name)[1] for name in missing}
    descriptor = os.open(SIGN_INS, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(kept, file)
    return {name: kept[name] for name, _ in PEOPLE}


def found_project() -> Project:
    """The demo's project with its members, made on the first start."""
    people = {name: Person.objects.get(username=name) for name, _ in PEOPLE}
    project = Project.objects.select_related("rubric").filter(slug=SLUG).first()
    if project is None:
        project = create_project(
            people["manager"],
            name="Grade-school arithmetic",
            slug=SLUG,
            description="Worked sums with known first errors, written by a generator. The people who labelled "
            "some of them are simulated.",
            overlap=2,
        )
    for name, role in PEOPLE[1:]:
        add_member(project, people[name], role)
    return project


def ingest_traces(project: Project) -> IngestReport:
    report = ingest_file(project, FIXTURES / "demo" / "arithmetic.jsonl", format="jsonl", is_strict=True)
    fill_queue(project)
    return report


def ingest_people(project: Project) -> IngestReport:
    return ingest_file(project, FIXTURES / "demo" / "people.csv", format="labels", is_strict=True)


def run_for(project: Project, wanted: DemoRun) -> Run:
    """The demo's run of this kind: the one already there, taken up again where it stopped, or a new one."""
    run = Run.objects.filter(project=project, name=wanted.strategy, rater__name=wanted.rater).first()
    if run is None:
        return open_run(
            project,
            strategy=wanted.strategy,
            backend=wanted.backend,
            settings=settings_beside(wanted.strategy, wanted.backend) | dict(wanted.settings),
            rater_name=wanted.rater,
            # The demo follows its audits one by one, over fewer traces than usual.
            audit=False,
        )
    return _taken_up(run)


def audits(project: Project) -> list[Run]:
    """The audit of each of the demo's judges, opened where there is none yet."""
    judges = project.raters.filter(kind=RaterKind.JUDGE, runs__isnull=False).distinct().order_by("pk")
    found = []
    for judge in judges:
        criterion = audited_criterion(judge)
        assert criterion is not None
        found.append(_taken_up(audits_of(judge).first() or open_audit(judge, criterion, size=AUDIT_TRACES)))
    return found


def _taken_up(run: Run) -> Run:
    if run.state in (RunState.FAILED, RunState.CANCELLED):
        retry_failed(run)
        run.refresh_from_db()
    return run


def decide(project: Project) -> list[Run]:
    """Both policies, newest last: the release is made from the last."""
    return [
        latest_consensus(project, policy="majority") or run_consensus(project, policy="majority"),
        latest_consensus(project, policy="lessons")
        or run_consensus(project, policy="lessons", settings={"judge": "judge/tiny-likelihood@1"}),
    ]


def release(project: Project, run: Run) -> Release:
    """The published release of this consensus run, written on the first start."""
    made = Release.objects.filter(project=project, run=run, state=ReleaseState.PUBLISHED).first()
    return made or build_release(project, format="trl_stepwise", run=run, folder=settings.RELEASES_DIR)
