"""A project that has been lived in moves to PostgreSQL whole."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection

from annotate.models import Label, Person, Problem, Project
from annotate.prelabel.runs.attendance import sign, sign_off
from tests.webapp.management.moving.databases import an_empty_postgres, everything_at, everything_in
from tests.webapp.world import World, a_world
from webapp.management.moving.second_database import database_at

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.needs_postgres, pytest.mark.timeout(900)]


def move(url: str) -> str:
    out = StringIO()
    call_command("move_to", url, stdout=out)
    return out.getvalue()


@pytest.fixture
def kept(settings: Any, tmp_path: Path) -> None:
    settings.UPLOADS_DIR, settings.RELEASES_DIR = tmp_path / "uploads", tmp_path / "releases"


def test_a_project_moves_whole_or_not_at_all(kept, settings) -> None:
    """One database from refusal to refusal: making its tables is what takes long."""
    world = a_world(settings.RELEASES_DIR)
    gone = Project.objects.create(slug="gone", name="gone")
    highest = gone.pk
    gone.delete()
    with an_empty_postgres() as url:
        nothing_moves_while_a_worker_may_write(url)
        a_row_that_cannot_be_held_stops_everything(url, world)
        before = everything_at("default")
        for table in ("label", "run", "unit", "completion", "release", "upload"):
            assert before[f"annotate_{table}"]

        said = move(url)

        assert everything_in(url) == before == everything_at("default")
        assert f"{len(before['annotate_label']):,}  annotate_label" in said
        with pytest.raises(CommandError, match=r"not empty: annotate_[a-z]+ has rows"):
            move(url)
        with database_at(url, "moved"):
            # A key that was given once is not given again, and the guards stand as before.
            assert Project.objects.using("moved").create(slug="next", name="next").pk == highest + 1
            with pytest.raises(DatabaseError, match="append-only"):
                Label.objects.using("moved").filter(pk=before["annotate_label"][0][0]).update(value="other")


def nothing_moves_while_a_worker_may_write(url: str) -> None:
    sign("worker-1", "cpu")
    with pytest.raises(CommandError, match=r"A worker is alive \(worker-1\)"):
        move(url)
    sign_off("worker-1")


def a_row_that_cannot_be_held_stops_everything(url: str, world: World) -> None:
    problem = Problem.objects.filter(pk=world.trace.problem_id)
    text = problem.get().text
    problem.update(text="a\x00b")
    with pytest.raises(CommandError, match=rf"annotate_problem, row {world.trace.problem_id}.*NUL"):
        move(url)
    problem.update(text=text)
    person = Person.objects.order_by("pk").first()
    assert person is not None
    with connection.cursor() as cursor:
        # SQLite minds no length; PostgreSQL says which line of which table has one too long.
        cursor.execute("UPDATE annotate_person SET first_name = %s WHERE id = %s", ["x" * 200, person.pk])
    with pytest.raises(CommandError, match=r"annotate_person, line 1, column first_name.*too long"):
        move(url)
    Person.objects.filter(pk=person.pk).update(first_name="")
    assert not any(everything_in(url).values())


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("postgres://nobody@127.0.0.1:1/none", "does not answer"),
        ("mysql://a@b/c", "neither PostgreSQL"),
        ("what?", "is unknown"),
    ],
)
def test_an_address_that_leads_nowhere_is_said(kept, url: str, reason: str) -> None:
    with pytest.raises(CommandError, match=reason):
        move(url)
