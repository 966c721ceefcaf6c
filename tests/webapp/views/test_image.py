from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client

from annotate.assign.actions import skip_assignment
from annotate.ingest.image_header import Header, read_header
from annotate.label.spread import spread_of_pair
from annotate.models import Assignment, Comparison, Pair, Step, Trace
from tests.factories import a_pair, a_person, a_project, a_trace
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


def test_whoever_compares_sees_the_images_of_what_is_shown_and_no_others(tmp_path: Path) -> None:
    world = a_world(tmp_path)
    comparison = Comparison.objects.get(pk=world.ids["comparisons"])
    own = f"/comparisons/{comparison.pk}/images/{world.digest}/"
    page = signed_in("bob").get(f"/comparisons/{comparison.pk}/").content.decode()
    assert f'src="{own}" alt="Image 1 of step 1"' in page
    assert "js/images" in page
    for name, status in (("bob", 200), ("alice", 403), ("dan", 404)):
        assert signed_in(name).get(own).status_code == status, name
    assert read_header(signed_in("bob").get(own).content) == Header("image/png", 40, 20)
    # Reviewers read the traces themselves.
    review = signed_in("alice").get(f"/pairs/{comparison.pair_id}/review/").content.decode()
    assert f'src="/traces/{world.trace.pk}/images/{world.digest}/" alt="Image 1 of step 1"' in review
    # What comes after the two steps that are compared is not shown.
    first, second = world.trace.steps.order_by("position")[:2]
    second.meta, first.meta = first.meta, {}
    Step.objects.bulk_update([first, second], ["meta"])
    other = a_trace(world.project, n_steps=1, problem=world.trace.problem).steps.get()
    pair = Pair.objects.create(
        project=world.project, left_step=first, right_step=other, external_id="of steps"
    )
    Comparison.objects.filter(pk=comparison.pk).update(pair=pair)
    assert signed_in("bob").get(own).status_code == 404


def test_steps_of_one_text_with_other_images_are_not_shown_as_one() -> None:
    project = a_project()
    left, right = (a_trace(project, texts=["See the chart.", f"So {n}."]) for n in (1, 2))
    assert len(spread_of_pair(a_pair(left, right)).shared) == 1
    left.steps.filter(position=0).update(meta={"images": [{"image": "a" * 64, "width": 1, "height": 1}]})
    spread = spread_of_pair(Pair.objects.get())
    assert spread.shared == ()
    assert [step.position for step in spread.steps] == [0, 1, 0, 1]
