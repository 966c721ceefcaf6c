from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from annotate.models import Assignment
from tests.annotate.assign.queues import a_queue, person, read_next
from tests.factories import a_person
from tests.webapp.views.clients import signed_in

pytestmark = pytest.mark.django_db

ME = {"theme": "system", "first_name": "", "last_name": "", "has_shortcuts": "on"}


def test_a_person_reads_what_they_did_and_nothing_of_others() -> None:
    project = a_queue(n_traces=3, overlap=2)
    bob, carol = person(project, "bob"), person(project, "carol")
    read_next(project, bob, seconds=4.0)
    for _ in range(3):
        read_next(project, carol, seconds=86421.0)
    page = signed_in("bob").get("/me/progress/").content.decode()
    assert "1 today, 1 this week, 1 in all" in page
    assert "2 to label now" in page
    assert "too few timed steps" in page
    assert "8642" not in page.replace(",", "")
    assert "carol" not in page


def test_the_empty_queue_says_calmly_what_was_done() -> None:
    project = a_queue()
    bob = signed_in("bob")
    address = f"/projects/{project.slug}/queue/"
    assert b"Your work</a></p>" not in bob.get(address).content
    read_next(project, person(project, "bob"))
    page = bob.get(address).content.decode()
    assert "Today you finished 1 trace (3 steps)." in page
    assert "This week it is 1 trace." in page


def test_days_in_a_row_can_be_left_uncounted() -> None:
    project = a_queue(n_traces=2)
    bob = signed_in("bob")
    for days in (0, 1):
        slot = read_next(project, person(project, "bob"))
        Assignment.objects.filter(pk=slot.pk).update(finished_at=timezone.now() - timedelta(days=days))
    assert b"days in a row</dt><dd>2" in bob.get("/me/progress/").content
    bob.post("/me/", ME)
    assert a_person("bob").shows_streak is False
    assert b"days in a row</dt>" not in bob.get("/me/progress/").content
    bob.post("/me/", ME | {"shows_streak": "on"})
    assert b"days in a row</dt><dd>2" in bob.get("/me/progress/").content


def test_a_time_zone_is_chosen_in_preferences_or_as_the_browser_says() -> None:
    bob = signed_in("bob")
    assert b"Days are those of UTC." in bob.get("/me/progress/").content
    assert bob.post("/me/time-zone/", {"time_zone": "Asia/Tokyo"}).status_code == 302
    assert a_person("bob").zone == ZoneInfo("Asia/Tokyo")
    assert b"Days are those of Asia/Tokyo." in bob.get("/me/progress/").content
    refused = bob.post("/me/time-zone/", {"time_zone": "Mars/Olympus"})
    assert (refused.status_code, a_person("bob").time_zone) == (400, "Asia/Tokyo")
    assert b"knows no time zone of that name" in refused.content
    assert bob.post("/me/", ME | {"time_zone": "Mars/Olympus"}).status_code == 400
    bob.post("/me/", ME | {"time_zone": ""})
    assert a_person("bob").time_zone == ""


def test_a_zone_this_machine_does_not_know_is_the_servers() -> None:
    bob = a_person("bob", time_zone="Atlantis/Poseidonis")
    assert bob.zone == timezone.get_default_timezone()


def test_pages_say_times_by_the_readers_clock_and_the_api_by_the_servers() -> None:
    project = a_queue()
    person(project, "bob")
    bob, carol = signed_in("bob"), signed_in("carol")
    bob.post("/me/time-zone/", {"time_zone": "Asia/Kolkata"})
    carol.post(f"/projects/{project.slug}/queue/")
    until = Assignment.objects.get(holder__person__username="carol").held_until
    assert until is not None
    page = bob.get(f"/projects/{project.slug}/queue/").content.decode()
    assert f"until {until.astimezone(ZoneInfo('Asia/Kolkata')):%H:%M}" in page
    assert "+05:30" not in carol.get("/api/projects/").content.decode()
    signed_in("bob").get("/api/projects/")
    assert "+05:30" not in bob.get("/api/projects/").content.decode()


def test_the_clock_costs_no_query() -> None:
    bob = signed_in("bob")
    bob.get("/me/")
    with CaptureQueriesContext(connection) as before:
        bob.get("/me/")
    bob.post("/me/time-zone/", {"time_zone": "Asia/Tokyo"})
    bob.get("/me/")
    with CaptureQueriesContext(connection) as after:
        bob.get("/me/")
    assert len(after) == len(before)


def test_contrast_and_density_are_chosen_and_stay_when_a_form_leaves_them_out() -> None:
    bob = signed_in("bob")
    assert b'data-contrast="system" data-density="comfortable"' in bob.get("/").content
    bob.post("/me/", ME | {"contrast": "more", "density": "compact"})
    assert b'data-contrast="more" data-density="compact"' in bob.get("/").content
    bob.post("/me/", ME)
    assert (a_person("bob").contrast, a_person("bob").density) == ("more", "compact")
    assert bob.post("/me/", ME | {"density": "tiny"}).status_code == 400
    assert b'data-contrast="system" data-density="comfortable"' in Client().get("/sign-in/").content
