from __future__ import annotations

import re

import pytest
from django.test import Client

from annotate.models import Project, Run, Trace
from tests.annotate.consensus.markets import a_market
from tests.factories import a_project
from tests.webapp.views.clients import signed_in
from webapp.views import spending

pytestmark = pytest.mark.django_db
ADDRESS = "/projects/market/spending/"


@pytest.fixture
def project() -> Project:
    return a_market()


@pytest.fixture
def alice(monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr(spending, "send_run", lambda run: None)
    return signed_in("alice")


def lots_in(page: str) -> list[dict[str, str]]:
    """What each button of the plan would send."""
    return [
        dict(re.findall(r'name="(what|rater|places)" value="([^"]*)"', form))
        for form in re.findall(r'<form method="post">.*?</form>', page, re.DOTALL)
        if 'name="places"' in form
    ]


def test_a_button_of_the_plan_starts_exactly_that_run(project: Project, alice: Client) -> None:
    # With more than this people are paid for, in the place of rollouts.
    page = alice.get(ADDRESS, {"budget": "0.3"}).content.decode()
    assert "8 more rollouts each, as rollout/fixed@" in page
    assert "assumed, until five readings were timed" in page
    lot = next(one for one in lots_in(page) if one["what"] == "rollouts")
    answer = alice.post(ADDRESS, lot)
    run = Run.objects.get(name="rollout/places")
    assert answer["Location"] == f"/runs/{run.pk}/"
    assert " ".join(run.settings["places"]) == lot["places"]
    assert {unit.trace_id for unit in run.units.all()} == {
        int(one.split(":")[0]) for one in lot["places"].split()
    }


def test_other_prices_make_another_plan(project: Project, alice: Client) -> None:
    page = alice.get(ADDRESS, {"person_hour": "0.01", "million_tokens": "10000"}).content.decode()
    lots = lots_in(page)
    assert {one["what"] for one in lots} == {"person"}
    said = alice.post(ADDRESS, lots[0], follow=True).content.decode()
    assert "They wait in the queue already." in said
    assert alice.get(ADDRESS, {"budget": "-1"}).status_code == 400


def test_hostile_names_stay_text(project: Project, alice: Client) -> None:
    for trace in project.traces.all():
        Trace.objects.filter(pk=trace.pk).update(external_id=f"<script>alert({trace.pk})</script>")
    assert "<script>alert" not in alice.get(ADDRESS).content.decode()


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"what": "person", "places": "one two"},
        {"what": "person", "places": "1:2:3"},
        {"what": "rollouts", "rater": "x", "places": "1:2"},
        {"what": "person", "places": "999999999"},
        {"what": "person", "places": "9" * 30},
    ],
    ids=["nothing", "words", "three parts", "no number", "elsewhere", "too long"],
)
def test_what_no_button_sends_is_refused(project: Project, alice: Client, sent: dict[str, str]) -> None:
    assert alice.post(ADDRESS, sent).status_code == 400
    assert not Run.objects.filter(state="queued").exists()


def test_only_managers_see_it_and_without_a_fit_it_says_what_is_needed(alice: Client) -> None:
    a_project(slug="market", bob="annotator", carol="reviewer")  # type: ignore[arg-type]
    assert "?policy=posterior" in alice.get(ADDRESS).content.decode()
    for name in ("bob", "carol"):
        assert signed_in(name).get(ADDRESS).status_code == 403
