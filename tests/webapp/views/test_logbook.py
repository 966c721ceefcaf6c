from __future__ import annotations

import csv
import io
import json
import re

import pytest

from annotate.enums import Role
from annotate.ingest.founding import add_member
from annotate.logbook import note
from tests.factories import a_person, a_project
from tests.webapp.api.clients import content_of_file
from tests.webapp.views.clients import queries_with_one_and_three, signed_in

pytestmark = pytest.mark.django_db


def test_a_manager_reads_who_changed_what() -> None:
    project = a_project(bob=Role.VIEWER)
    alice = signed_in("alice")
    given = {"username": "bob", "role": "annotator"}
    assert alice.post(f"/projects/{project.slug}/members/", given).status_code == 302
    page = alice.get(f"/projects/{project.slug}/log/?noun=membership").content.decode()
    assert "<del>viewer</del> <ins>annotator</ins>" in page
    assert "alice" in page
    assert signed_in("bob").get(f"/projects/{project.slug}/log/").status_code == 403


def test_the_file_holds_every_line_and_no_formula() -> None:
    project = a_project()
    note("=1+1", "thing", project=project.pk, after={"n": 1})
    add_member(project, a_person("bob"), Role.VIEWER)
    answer = signed_in("alice").get(f"/projects/{project.slug}/log/log.csv")
    rows = list(csv.DictReader(io.StringIO(content_of_file(answer).decode())))
    assert json.loads(rows[0]["after"])["role"] == "viewer"
    assert (rows[1]["verb"], rows[1]["actor"]) == ("'=1+1", "")


def test_the_page_costs_the_same_whatever_the_number_of_lines() -> None:
    project = a_project()
    alice = signed_in("alice")
    path = f"/projects/{project.slug}/log/"
    one, three = queries_with_one_and_three(alice, path, lambda: note("did", "thing", project=project.pk))
    assert one == three


def test_older_lines_are_on_further_pages_and_by_what_they_are_about() -> None:
    project = a_project()
    for n in range(60):
        note(f"did-{n:02}", "thing" if n % 2 else "other", project=project.pk)
    alice, path = signed_in("alice"), f"/projects/{project.slug}/log/"
    first = alice.get(f"{path}?noun=thing").content.decode()
    assert all(f"did-{n:02} thing" in first for n in range(1, 60, 2))
    assert "did-00" not in first
    assert 'aria-current="page">thing' in first
    everything = alice.get(path).content.decode()
    assert "did-59" in everything
    older = re.findall(r'href="(\?before=\d+)"', everything)
    second = alice.get(f"{path}{older[0]}").content.decode()
    assert "did-00" in second
    assert "did-59" not in second
    assert "before=" not in second
