from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client

from annotate.assign.actions import skip_assignment
from annotate.ingest.image_header import Header, read_header
from annotate.models import Assignment, Trace
from tests.factories import a_person, a_trace
from tests.webapp.world import a_world

pytestmark = pytest.mark.django_db


def signed_in(name: str) -> Client:
    client = Client()
    client.force_login(a_person(name))
    return client


def test_an_image_is_served_by_the_door_of_its_trace_and_as_an_image_alone(tmp_path: Path) -> None:
    world = a_world(tmp_path)
    own = f"/assignments/{world.ids['assignments']}/images/{world.digest}/"
    shared = f"/traces/{world.trace.pk}/images/{world.digest}/"
    for name, path, status in (
        ("bob", own, 200),
        ("bob", shared, 403),
        ("alice", shared, 200),
        ("alice", own, 404),
        ("dan", own, 404),
        ("dan", shared, 404),
    ):
        assert signed_in(name).get(path).status_code == status, (name, path)
    answer = signed_in("bob").get(own)
    assert read_header(answer.content) == Header("image/png", 40, 20)
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "private" in answer.headers["Cache-Control"]


def test_an_image_of_another_trace_is_not_served_here(tmp_path: Path) -> None:
    world = a_world(tmp_path)
    other = a_trace(world.project)
    assert signed_in("alice").get(f"/traces/{other.pk}/images/{world.digest}/").status_code == 404
    assert signed_in("alice").get(f"/traces/{world.trace.pk}/images/{'0' * 64}/").status_code == 404


def test_pages_show_images_with_their_size_and_an_address_from_afar_as_words(tmp_path: Path) -> None:
    world = a_world(tmp_path)
    step = Trace.objects.get(pk=world.trace.pk).steps.get(position=1)
    step.meta = {"images": [{"address": "https://e.org/<i>.png", "alt": 'A "cat"'}]}
    step.save()
    bob = signed_in("bob").get(f"/assignments/{world.ids['assignments']}/").content.decode()
    assert (
        f'src="/assignments/{world.ids["assignments"]}/images/{world.digest}/" alt="Image 1 of step 1"' in bob
    )
    assert 'width="40" height="20" loading="lazy"' in bob
    assert "https://e.org/&lt;i&gt;.png" in bob
    assert 'href="https://e.org' not in bob
    for path in ("", "review/", "cuts/"):
        page = signed_in("alice").get(f"/traces/{world.trace.pk}/{path}").content.decode()
        assert f'src="/traces/{world.trace.pk}/images/{world.digest}/"' in page, path


def test_whoever_left_a_trace_still_reaches_it_by_their_own_assignment_only(tmp_path: Path) -> None:
    world = a_world(tmp_path)
    held = Assignment.objects.get(pk=world.ids["assignments"])
    skip_assignment(held, held.token)
    assert signed_in("carol").get(f"/assignments/{held.pk}/images/{world.digest}/").status_code == 404
