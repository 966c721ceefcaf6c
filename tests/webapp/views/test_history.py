from __future__ import annotations

import pytest

from annotate.label.discussion import send_back
from annotate.models import Project
from tests.annotate.label.desks import a_shared_project, read
from tests.factories import a_person
from tests.webapp.views.clients import queries_of, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return a_shared_project(slug="words", n_traces=2)


def test_reviewers_read_a_traces_history_and_narrow_it(project):
    reading = read(project, "bob", "gb")
    send_back(reading, a_person("carol"), [(None, "Again <b>please</b>")])
    carol = signed_in("carol")
    url = f"/traces/{reading.trace_id}/history/"
    page = carol.get(url).content.decode()
    assert "3 entries about trace-1" in page
    assert "Again &lt;b&gt;please&lt;/b&gt;" in page
    assert "sent back, not submitted again" in page
    assert "1 entry about trace-1, step 2" in carol.get(f"{url}?step=2").content.decode()
    assert "Nothing of that kind" in carol.get(f"{url}?who=machines").content.decode()
    assert carol.get(f"{url}?step=zzz&who=zzz&page=zzz").status_code == 200
    for name, status in (("bob", 403), ("dan", 404)):
        assert signed_in(name).get(url).status_code == status


def test_everybody_reads_their_own_and_nobody_elses(project):
    read(project, "bob", "gb")
    read(project, "dora", "uu")
    page = signed_in("bob").get("/projects/words/history/").content.decode()
    assert "2 entries" in page
    assert "mark mark-unsure" not in page
    assert "You have not said anything" in signed_in("alice").get("/projects/words/history/").content.decode()
    assert "What you have said here" in signed_in("bob").get("/projects/words/").content.decode()
    assert "What you have said here" not in signed_in("alice").get("/projects/words/").content.decode()


def test_histories_cost_the_same_queries_for_one_reading_and_two(project):
    first = read(project, "bob", "gb")
    carol, bob = signed_in("carol"), signed_in("bob")
    paths = ((carol, f"/traces/{first.trace_id}/history/"), (bob, "/projects/words/history/"))
    before = [queries_of(client, path) for client, path in paths]
    read(project, "dora", "gg")
    read(project, "bob", "bb")
    assert [queries_of(client, path) for client, path in paths] == before
