from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotate.assign.actions import claim_next, fill_queue, rater_of
from annotate.consensus.actions import run_consensus
from annotate.enums import FinishReason, RaterKind, ReleaseState, Role, RunKind
from annotate.ingest.founding import add_member, create_rubric
from annotate.ingest.presets import PRM_VERDICTS
from annotate.label.actions import save_label
from annotate.models import Completion, Consensus, Estimate, Project, Release, Run, Trace, Unit, looking
from tests.factories import a_criterion, a_label, a_person, a_project, a_rater, a_trace
from tests.webapp.api.clients import signed_in

pytestmark = pytest.mark.django_db

Make = Callable[[Project, int], str]


def projects(project: Project, n: int) -> str:
    for _ in range(n - 1):
        a_project()
    return "/api/projects/"


def members(project: Project, n: int) -> str:
    for i in range(n - 1):
        add_member(project, a_person(f"member-{i}"), Role.VIEWER)
    return f"/api/projects/{project.slug}/members/"


def rubrics(project: Project, n: int) -> str:
    for _ in range(n - 1):
        create_rubric(project, name="More", criteria=PRM_VERDICTS)
    return f"/api/projects/{project.slug}/rubrics/"


def problems(project: Project, n: int) -> str:
    return _traces(project, n).replace("traces", "problems")


def _traces(project: Project, n: int) -> str:
    for _ in range(n):
        a_trace(project)
    return f"/api/projects/{project.slug}/traces/"


def steps(project: Project, n: int) -> str:
    return f"/api/traces/{a_trace(project, n_steps=n).pk}/steps/"


def trace_labels(project: Project, n: int) -> str:
    trace = a_trace(project)
    for _ in range(n):
        a_label(a_rater(project), trace.steps.first(), "good")
    return f"/api/traces/{trace.pk}/labels/"


def raters(project: Project, n: int) -> str:
    for i in range(n):
        a_rater(project, person=a_person(f"person-{i}"))
    return f"/api/projects/{project.slug}/raters/"


def assignments(project: Project, n: int) -> str:
    rater = rater_of(project, a_person("alice"))
    for _ in range(n):
        a_trace(project)
    fill_queue(project)
    for assignment in project.assignments.all():
        type(assignment).objects.filter(pk=assignment.pk).update(state="submitted", holder=rater)
    return f"/api/projects/{project.slug}/assignments/"


def answers(project: Project, n: int) -> str:
    trace = a_trace(project, n_steps=n)
    fill_queue(project)
    held = claim_next(project, rater_of(project, a_person("alice")))
    assert held is not None
    for step in trace.steps.all():
        save_label(held, held.token, step=step, criterion=a_criterion(project), value="good")
    return f"/api/assignments/{held.pk}/labels/"


def runs(project: Project, n: int) -> str:
    for _ in range(n):
        _run(project)
    return f"/api/projects/{project.slug}/runs/"


def _run(project: Project) -> Run:
    return Run.objects.create(
        project=project,
        kind=RunKind.PRELABEL,
        name="judge/critique",
        criterion=a_criterion(project),
        rater=a_rater(project, RaterKind.JUDGE),
        created_by=a_person("alice"),
    )


def completions(project: Project, n: int) -> str:
    run = _run(project)
    for i in range(n):
        unit = Unit.objects.create(run=run, trace=a_trace(project))
        Completion.objects.create(
            run=run, unit=unit, digest=str(i), sample=0, finish_reason=FinishReason.STOP
        )
    return f"/api/runs/{run.pk}/completions/"


def estimates(project: Project, n: int) -> str:
    for _ in range(n):
        Estimate.objects.create(
            project=project,
            criterion=a_criterion(project),
            rater=a_rater(project),
            name="accuracy",
            reason="no gold",
            data_version="1",
        )
    return f"/api/projects/{project.slug}/estimates/"


def consensus(project: Project, n: int) -> str:
    a_trace(project)
    for _ in range(n):
        run_consensus(project, policy="majority", created_by=a_person("alice"))
    return f"/api/projects/{project.slug}/consensus/"


def decisions(project: Project, n: int) -> str:
    a_trace(project, n_steps=n)
    return f"/api/runs/{run_consensus(project, policy='majority').pk}/decisions/"


def releases(project: Project, n: int) -> str:
    a_trace(project)
    run = run_consensus(project, policy="majority")
    for number in range(n):
        Release.objects.create(
            project=project, number=number, run=run, format="parquet", state=ReleaseState.FAILED
        )
    return f"/api/projects/{project.slug}/releases/"


def labels(project: Project, n: int) -> str:
    # One rater alone is looked for by another index.
    a_rater(project, RaterKind.GOLD)
    for rater in (a_rater(project) for _ in range(n)):
        a_label(rater, a_trace(project).steps.first(), "good")
    return f"/api/projects/{project.slug}/labels/"


LISTS: list[Make] = [
    labels,
    projects,
    members,
    rubrics,
    problems,
    _traces,
    steps,
    trace_labels,
    raters,
    assignments,
    answers,
    runs,
    completions,
    estimates,
    consensus,
    decisions,
    releases,
]


@pytest.mark.parametrize("make", LISTS)
def test_a_list_of_three_costs_as_many_queries_as_a_list_of_one(make: Make):
    client = signed_in("alice")
    # Whose a session is has to be looked up once (webapp/signed_in.py).
    client.get("/api/projects/")
    costs = {}
    for n in (1, 3):
        Consensus.objects.all().delete()
        address = make(a_project(a_person("alice")), n)
        if make is projects:
            Project.objects.exclude(pk__in=Project.objects.order_by("-pk")[:n]).delete()
        with CaptureQueriesContext(
            connection,
        ) as queries:
            rows = client.get(address).data["results"]
        assert len(rows) == n
        costs[n] = len(queries)
    assert costs[1] == costs[3]


def test_pages_follow_one_another_without_repeats():
    project = a_project(a_person("alice"))
    _traces(project, 5)
    client = signed_in("alice")
    address: Any = f"/api/projects/{project.slug}/traces/?page_size=2"
    seen: list[str] = []
    while address:
        page = client.get(address).data
        seen += [row["external_id"] for row in page["results"]]
        address = page["next"]

    assert seen == list(Trace.objects.order_by("pk").values_list("external_id", flat=True))


@pytest.mark.parametrize("query", ["", "&rater=two", "&rater_kind=gold"])
def test_labels_that_are_looked_for_are_all_found_forwards_and_back(
    query: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages may be short: a few labels are looked at for each."""
    monkeypatch.setattr(looking, "LOOKED_AT", 2)
    monkeypatch.setattr(looking, "MOST_LOOKS", 1)
    project = a_project(a_person("alice"))
    raters = (a_rater(project, name="one"), a_rater(project, name="two"), a_rater(project, RaterKind.GOLD))
    made = [(rater, a_label(rater, a_trace(project).steps.first(), "good")) for rater in raters * 3]
    chosen = {"": raters, "&rater=two": raters[1:2], "&rater_kind=gold": raters[2:]}[query]
    client, seen, pages = signed_in("alice"), [], 0
    address: Any = f"/api/projects/{project.slug}/labels/?page_size=2{query}"
    while address:
        page = client.get(address).data
        seen += [row["id"] for row in page["results"]]
        address, pages = page["next"], pages + 1
    assert seen == [label.pk for rater, label in made if rater in chosen]
    address, back = page["previous"], [row["id"] for row in reversed(page["results"])]
    while address:
        page = client.get(address).data
        back += [row["id"] for row in reversed(page["results"])]
        address = page["previous"]
    assert back == seen[::-1]


@pytest.mark.parametrize("position", ["x", "9" * 30, "\0", "-1", "1.5"])
def test_a_cursor_that_somebody_put_together_is_refused(position: str) -> None:
    project = a_project(a_person("alice"))
    cursor = b64encode(urlencode({"p": position}).encode()).decode()
    for noun in ("traces", "labels"):
        answer = signed_in("alice").get(f"/api/projects/{project.slug}/{noun}/", {"cursor": cursor})
        assert answer.status_code == 404
