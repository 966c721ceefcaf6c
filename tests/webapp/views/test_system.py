"""The machine room: who gets in, and that it can be read."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command

from annotate.enums import UnitState
from annotate.models import Person, Run, Unit
from annotate.prelabel.runs.attendance import sign
from annotate.tokens import make_token
from tests.factories import a_criterion, a_person, a_project, a_trace
from tests.webapp.api.clients import signed_in as api_client
from tests.webapp.views.clients import signed_in

pytestmark = pytest.mark.django_db


def an_operator() -> Person:
    out = StringIO()
    a_person("olga")
    call_command("person", "olga", "--operator", "yes", stdout=out)
    assert "olga runs this site" in out.getvalue()
    return Person.objects.get(username="olga")


def test_only_whoever_runs_the_site_gets_in_and_gets_into_no_project_by_it() -> None:
    a_project(slug="sums")
    assert signed_in("alice").get("/system/").status_code == 403
    assert api_client("alice").get("/api/system/").status_code == 403
    an_operator()
    olga = signed_in("olga")
    assert olga.get("/system/").status_code == 200
    assert 'href="/system/"' in olga.get("/").content.decode()
    assert olga.get("/projects/sums/").status_code == 404
    call_command("person", "olga", "--operator", "no", stdout=StringIO())
    assert signed_in("olga").get("/system/").status_code == 403


def test_a_token_for_one_project_does_not_open_it() -> None:
    project = a_project(an_operator(), slug="sums")
    for only, status in ((project, 403), (None, 200)):
        _, text = make_token(an_operator(), name="t", scopes=["read"], days=1, project=only)
        client = api_client("olga")
        client.logout()
        client.credentials(HTTP_AUTHORIZATION=f"Token {text}")
        assert client.get("/api/system/").status_code == status


def test_page_and_api_say_the_same() -> None:
    project = a_project(slug="sums")
    run = Run.objects.create(
        project=project,
        kind="prelabel",
        name="judge/critique",
        criterion=a_criterion(project),
        # A model of one's own: nobody waits for its queue until a run does.
        backend="transformers:models/judge",
    )
    Unit.objects.create(run=run, trace=a_trace(project), state=UnitState.PENDING)
    sign("<b>host</b>.4026531836-17-abcdef12", "cpu", "0.0.9")
    an_operator()
    page = signed_in("olga").get("/system/").content.decode()
    assert "&lt;b&gt;host&lt;/b&gt;" in page
    assert "judge/critique" in page
    assert "No worker is alive that takes from gpu, io" in page
    said = api_client("olga").get("/api/system/").data
    assert said["runs"] == [
        {"id": run.pk, "project": "sums", "name": "judge/critique", "waiting": 1, "leased": 0, "failed": 0}
    ]
    assert said["workers"][0]["version"] == "0.0.9"
    assert any("gpu, io" in warning for warning in said["warnings"])
