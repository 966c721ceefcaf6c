from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from annotate.assign.actions import claim_next, fill_queue, rater_of
from annotate.enums import CutFault, Role
from annotate.label.actions import save_label
from annotate.label.cut_reports import report_cut
from annotate.label.queries import sheet_of
from annotate.label.recutting import Cut, recut
from annotate.models import Assignment, CutReport, Label, Project, Recut, Trace
from tests.factories import a_criterion, a_person, a_project, a_trace

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    project = a_project(slug="words", bob=Role.ANNOTATOR, carol=Role.REVIEWER)
    a_trace(project, texts=["One.\n", "Two. Three.\n", "Four."], external_id="t")
    fill_queue(project)
    return project


@pytest.fixture
def held(project: Project) -> Assignment:
    found = claim_next(project, rater_of(project, a_person("bob")))
    assert found is not None
    return found


def signed_in(name: str) -> Client:
    client = Client()
    client.force_login(a_person(name))
    return client


def test_a_split_is_shown_before_it_is_done(project: Project, held: Assignment) -> None:
    save_label(
        held, held.token, step=held.trace.steps.get(position=1), criterion=a_criterion(project), value="bad"
    )
    carol, path = signed_in("carol"), f"/traces/{held.trace_id}/cuts/"
    page = carol.get(f"{path}?split=1").content.decode()
    assert 'name="place" value="5"' in page
    given = {"do": "split", "step": 1, "version": 1, "words": "Three"}
    shown = carol.post(path, given).content.decode()
    assert "it is not known which part of the step this was said of" in shown
    assert "1 person is reading the trace now" in shown
    assert not Recut.objects.exists()
    done = carol.post(path, {**given, "words": "", "place": 5, "confirm": "1", "reason": "two claims"})
    assert done.status_code == 302
    act = Recut.objects.get()
    assert (act.reason, act.person, act.counts) == (
        "two claims",
        a_person("carol"),
        {"carried": 0, "aside": 1, "returned": 0},
    )
    page = carol.get(path).content.decode()
    assert "two claims" in page
    assert "Version 2" in page
    history = carol.get(f"/traces/{held.trace_id}/history/").content.decode()
    assert "as cut up to version 1" in history
    assert "split step 2" in history


@pytest.mark.parametrize(
    ("given", "status", "told"),
    [
        ({"words": "nowhere"}, 400, "do not stand in this step"),
        ({"place": 99}, 400, "characters; cut between two"),
        ({}, 400, "Choose where to cut"),
        ({"place": 5, "version": 7}, 409, "cut anew since"),
        ({"place": 5, "step": 9}, 400, "3 steps"),
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_changes(
    project: Project, given: dict[str, Any], status: int, told: str
) -> None:
    trace = Trace.objects.get(project=project)
    answer = signed_in("carol").post(
        f"/traces/{trace.pk}/cuts/", {"do": "split", "step": 1, "version": 1, **given}
    )
    assert (answer.status_code, told in answer.content.decode()) == (status, True)
    trace.refresh_from_db()
    assert trace.boundary_version == 1


def test_an_annotator_reports_and_cannot_cut(project: Project, held: Assignment) -> None:
    bob = signed_in("bob")
    assert bob.get(f"/traces/{held.trace_id}/cuts/").status_code == 403
    assert bob.get("/projects/words/cuts/").status_code == 403
    page = bob.get(f"/assignments/{held.pk}/report/?step=2").content.decode()
    assert 'value="2"' in page
    answer = bob.post(f"/assignments/{held.pk}/report/", {"step": 2, "fault": "too_long", "boundary": 1})
    assert answer.headers["Location"] == f"/assignments/{held.pk}/#step-1"
    assert "You reported its boundaries" in bob.get(f"/assignments/{held.pk}/").content.decode()
    refused = bob.post(
        f"/assignments/{held.pk}/report/",
        {"step": 2, "fault": "other"},
        headers={"Accept": "application/json"},
    )
    assert (refused.status_code, refused.json()["field"]) == (400, "text")


def test_a_report_is_left_as_it_is_from_the_list(project: Project, held: Assignment) -> None:
    report = report_cut(held, 1, CutFault.OTHER, "<b>two</b> claims")
    carol = signed_in("carol")
    page = carol.get("/projects/words/cuts/").content.decode()
    assert "&lt;b&gt;two&lt;/b&gt; claims" in page
    carol.post(f"/cuts/{report.pk}/leave/", {"reason": "one thought"})
    assert CutReport.objects.get().answer == "left"
    assert "one thought" in carol.get("/projects/words/cuts/?show=done").content.decode()


def test_a_plain_form_of_an_older_page_keeps_what_fits_and_submits_nothing(
    project: Project, held: Assignment
) -> None:
    recut(Trace.objects.get(pk=held.trace_id), a_person("carol"), Cut(1, 1, 5))
    verdict = a_criterion(project).pk
    bob, path = signed_in("bob"), f"/assignments/{held.pk}/"
    posted = {
        f"answer-{verdict}-{position}": value for position, value in enumerate(("good", "bad", "neutral"))
    }
    answer = bob.post(path, {**posted, "token": held.token, "boundary": 1, "submit": "1"})
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "split or merged" in page
    assert "Before a reviewer split this step you said" in page
    live = Label.objects.live().order_by("step__position").values_list("step__position", "value")
    assert list(live) == [(0, "good"), (3, "neutral")]
    held.refresh_from_db()
    assert held.state == "held"


def test_a_later_piece_is_of_the_pages_version_or_says_that_it_cannot_be(
    project: Project, held: Assignment
) -> None:
    bob, path = signed_in("bob"), f"/assignments/{held.pk}/steps/"
    assert "One." in bob.get(f"{path}?from=0&boundary=1").content.decode()
    recut(Trace.objects.get(pk=held.trace_id), a_person("carol"), Cut(1, 1, 5))
    answer = bob.get(f"{path}?from=2&boundary=1")
    assert (answer.status_code, answer.content) == (205, b"")
    now = bob.get(f"{path}?from=2&boundary=2").content.decode()
    assert now.count('class="step"') == 2
    assert "Three." in now
    assert bob.get(f"{path}?boundary=x").status_code == 400
    assert bob.get(f"{path}?from=-1&boundary=2").status_code == 400


def test_the_pages_version_is_that_of_the_steps_it_shows(project: Project, held: Assignment) -> None:
    assert (sheet_of(held).boundary, held.trace.boundary_version) == (1, 1)
    recut(Trace.objects.get(pk=held.trace_id), a_person("carol"), Cut(1, 1, 5))
    # The assignment was read before the act, its steps after it.
    assert (sheet_of(held).boundary, held.trace.boundary_version) == (2, 1)


def test_decisions_of_an_older_page_are_not_taken(project: Project) -> None:
    trace = Trace.objects.get(project=project)
    recut(trace, a_person("carol"), Cut(1, 1, 5))
    verdict = a_criterion(project).pk
    given = {"seen": 0, "boundary": 1, f"decide-{verdict}-2": "bad", f"reason-{verdict}-2": "so"}
    answer = signed_in("carol").post(f"/traces/{trace.pk}/review/", given)
    assert answer.status_code == 409
    assert not Label.objects.decisions().exists()
