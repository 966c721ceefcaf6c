from __future__ import annotations

import pytest

from annotate.assign.actions import claim_next, fill_queue, rater_of
from annotate.enums import Role
from annotate.models import Project, Trace
from tests.factories import a_person, a_project, a_trace
from tests.webapp.api.clients import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    project = a_project(slug="words", bob=Role.ANNOTATOR, carol=Role.REVIEWER)
    a_trace(project, texts=["One.\n", "Two. Three.\n", "Four."], external_id="t")
    fill_queue(project)
    return project


def test_a_step_is_reported_split_and_merged_by_script(project: Project) -> None:
    held = claim_next(project, rater_of(project, a_person("bob")))
    assert held is not None
    bob, carol = signed_in("bob"), signed_in("carol")
    report = bob.post(
        f"/api/assignments/{held.pk}/report/", {"step": 1, "fault": "too_long", "version": 1}, format="json"
    ).json()
    assert (report["step"], report["answer"]) == (1, "")
    [listed] = carol.get("/api/projects/words/cuts/").json()["results"]
    assert listed == report
    path = f"/api/traces/{held.trace_id}/cuts/"
    given = {"kind": "split", "step": 1, "at": 5, "version": 1, "report": report["id"]}
    tried = carol.post(path, given | {"is_dry_run": True}, format="json").json()
    assert (tried["act"], tried["parts"], tried["n_held"]) == (None, ["Two. ", "Three.\n"], 1)
    done = carol.post(path, given, format="json").json()
    assert (done["act"]["version"], done["act"]["person"]) == (2, "carol")
    [answered] = carol.get("/api/projects/words/cuts/?is_open=false").json()["results"]
    assert (answered["answer"], answered["step"], answered["position"]) == ("split", 1, 1)
    late = {"token": held.token, "criterion": "verdict", "step": 2, "value": "good", "boundary": 1}
    assert bob.post(f"/api/assignments/{held.pk}/labels/", late, format="json").status_code == 409
    assert bob.get(f"/api/assignments/{held.pk}/").json()["boundary_version"] == 2
    assert carol.post(path, {"kind": "merge", "step": 1, "version": 2}, format="json").json()["is_undoing"]
    assert [act["kind"] for act in carol.get(path).json()["results"]] == ["split", "merge"]


@pytest.mark.parametrize(
    ("given", "status", "field"),
    [
        ({"kind": "split", "step": 1, "version": 1}, 400, "at"),
        ({"kind": "merge", "step": 1, "at": 3, "version": 1}, 400, "at"),
        ({"kind": "merge", "step": 2, "version": 1}, 400, "step"),
        ({"kind": "merge", "step": 0, "version": 4}, 409, None),
    ],
)
def test_a_refusal_names_its_field(project: Project, given, status, field) -> None:
    trace = Trace.objects.get(project=project)
    answer = signed_in("carol").post(f"/api/traces/{trace.pk}/cuts/", given, format="json")
    assert (answer.status_code, answer.json().get("field")) == (status, field)
    assert signed_in("bob").post(f"/api/traces/{trace.pk}/cuts/", given, format="json").status_code == 403
