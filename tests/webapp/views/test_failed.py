"""What a run gave up at is on a page of its own, and can be tried again one by one."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from annotate.enums import Role, RunState, UnitState
from annotate.models import Run, Unit
from tests.factories import a_person, a_project, a_trace
from tests.webapp.world import a_labelled_trace, a_prelabel_run
from webapp.views import prelabel

pytestmark = pytest.mark.django_db


def signed_in(name: str) -> Client:
    client = Client()
    client.force_login(a_person(name))
    return client


@pytest.fixture
def run() -> Run:
    project = a_project(carol=Role.REVIEWER)
    run = a_prelabel_run(project, a_labelled_trace(project))
    for n in range(2):
        trace = a_trace(project, external_id=f"odd-{n}")
        Unit.objects.create(
            run=run, trace=trace, state=UnitState.FAILED, attempts=30, error=f"<b>reason {n}</b>"
        )
    Run.objects.filter(pk=run.pk).update(state=RunState.DONE)
    return run


def test_each_is_listed_with_its_reason(run, django_assert_max_num_queries) -> None:
    page = signed_in("alice").get(f"/runs/{run.pk}/failed/").content.decode()
    for n in range(2):
        assert f"odd-{n}" in page
        assert f"&lt;b&gt;reason {n}&lt;/b&gt;" in page
    assert page.count('name="unit"') == 2
    assert f"/runs/{run.pk}/failed/" in signed_in("alice").get(f"/runs/{run.pk}/").content.decode()
    assert 'name="unit"' not in signed_in("carol").get(f"/runs/{run.pk}/failed/").content.decode()


def test_one_is_tried_again_and_the_others_are_left(run) -> None:
    first, second = run.units.filter(state=UnitState.FAILED).order_by("pk")
    signed_in("alice").post(f"/runs/{run.pk}/retry/", {"only": "failed", "unit": first.pk})
    first.refresh_from_db()
    second.refresh_from_db()
    run.refresh_from_db()
    assert (first.state, first.error, first.findings) == (UnitState.PENDING, "", {"attempts_forgiven": 30})
    assert second.state == UnitState.FAILED
    assert run.state == RunState.QUEUED


def test_a_unit_of_another_run_is_not_reached(run) -> None:
    other = a_prelabel_run(run.project, a_trace(run.project))
    failed = run.units.filter(state=UnitState.FAILED).first()
    signed_in("alice").post(f"/runs/{other.pk}/retry/", {"only": "failed", "unit": failed.pk})
    failed.refresh_from_db()
    assert failed.state == UnitState.FAILED
    assert signed_in("alice").post(f"/runs/{run.pk}/retry/", {"unit": "all"}).status_code == 400


def test_what_is_behind_the_first_page_follows_by_key(run, monkeypatch) -> None:
    monkeypatch.setattr(prelabel, "UNITS_A_PAGE", 1)
    path = f"/runs/{run.pk}/failed/"
    first = signed_in("alice").get(path).content.decode()
    assert "odd-0" in first
    assert "odd-1" not in first
    after = re.findall(r'href="(\?after=\d+)"', first)
    second = signed_in("alice").get(f"{path}{after[0]}").content.decode()
    assert "odd-1" in second
    assert "after=" not in second
