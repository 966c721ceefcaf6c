"""A page from a kept frame is what the template makes, and nothing of one page gets into another."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from annotate.assign.actions import claim_next, fill_queue, rater_of
from annotate.enums import Role
from annotate.ingest.founding import create_project, freeze_rubric
from annotate.ingest.presets import GALLERY
from annotate.label.actions import save_answers
from annotate.label.answers import Said
from annotate.label.queries import sheet_of
from annotate.measure.messages import write_to
from annotate.models import Assignment, Comment, Person, Project, Rubric
from tests.factories import a_person, a_project, a_trace
from tests.webapp.views.clients import signed_in
from webapp.templatetags import sheet_page

pytestmark = pytest.mark.django_db
HOSTILE = "<b>\"'&amp;{{ csrf_token }}</b> \ue000\ue001\ue002 hole0123456789abcdef01234567"


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet_page, "_kept", {})


def held_by(project: Project, name: str) -> Assignment:
    held = claim_next(project, rater_of(project, a_person(name)))
    assert held is not None
    return held


def a_frozen_project(**fields: str) -> Project:
    project = a_project(bob=Role.ANNOTATOR, carol=Role.ANNOTATOR)
    Project.objects.filter(pk=project.pk).update(**fields)
    assert project.rubric is not None
    freeze_rubric(Rubric.objects.get(pk=project.rubric.pk))
    return Project.objects.get(pk=project.pk)


def plain(page: bytes) -> str:
    return re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", page.decode())


@pytest.fixture
def both(monkeypatch: pytest.MonkeyPatch) -> Callable[[Client, Assignment], tuple[str, str, bool]]:
    """The page as it is served from a warm frame, as the template makes it, and whether there was a frame."""

    def pages(client: Client, held: Assignment) -> tuple[str, str, bool]:
        path = f"/assignments/{held.pk}/"
        client.get(path)
        served = client.get(path).content
        is_framed = bool(sheet_page._kept)
        with monkeypatch.context() as patched:
            patched.setattr("webapp.views.label.page_from_frame", lambda *_: None)
            return plain(served), plain(client.get(path).content), is_framed

    return pages


Both = Callable[[Client, Assignment], tuple[str, str, bool]]


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("text", ["So $2 + 2$ is\n\n* four", HOSTILE, "ü" * 400, "x" * 400])
def test_a_page_from_a_frame_is_what_the_template_makes(both: Both, language: str, text: str) -> None:
    project = a_frozen_project(name=HOSTILE[:60])
    Person.objects.filter(username="bob").update(language=language, theme="dark", first_name=HOSTILE[:100])
    trace = a_trace(project, texts=[f"{text}\n\n", text], external_id=HOSTILE[:60])
    trace.problem.text = text
    trace.problem.save()
    fill_queue(project)
    held = held_by(project, "bob")
    served, rendered, is_framed = both(signed_in("bob"), held)
    assert is_framed
    assert served == rendered
    sheet = sheet_of(held)
    save_answers(held, held.token, [Said(sheet.criteria[0].pk, 1, "good", "a <note>")])
    served, rendered, _ = both(signed_in("bob"), held)
    assert served == rendered
    assert "a &lt;note&gt;" in served


@pytest.mark.parametrize("preset", sorted(GALLERY))
def test_every_rubric_of_the_gallery_is_the_same_from_its_frame(both: Both, preset: str) -> None:
    project = create_project(a_person("bob"), name="One", preset=preset)
    assert project.rubric is not None
    freeze_rubric(Rubric.objects.get(pk=project.rubric.pk))
    a_trace(project)
    fill_queue(project)
    served, rendered, is_framed = both(signed_in("bob"), held_by(project, "bob"))
    assert is_framed
    assert served == rendered


def test_a_frame_holds_nothing_of_a_person_or_a_trace(both: Both) -> None:
    project = a_frozen_project()
    for number in range(2):
        trace = a_trace(project, texts=[f"step of {number}"], external_id=f"trace-of-{number}")
        trace.problem.text = f"problem of {number}"
        trace.problem.save()
    fill_queue(project)
    Person.objects.filter(username="bob").update(first_name="Robert")
    first, second = held_by(project, "bob"), held_by(project, "carol")
    page, _, _ = both(signed_in("bob"), first)
    other, rendered, _ = both(signed_in("carol"), second)
    assert len(sheet_page._kept) == 1
    assert other == rendered
    [pieces] = sheet_page._kept.values()
    kept = "".join(pieces[::2])
    for word in ("Robert", "carol", "trace-of-", "step of", "problem of"):
        assert word not in kept
    assert "Robert" in page
    assert "Robert" not in other


@pytest.mark.parametrize(
    "more", ["raw", "a comment", "submitted", "a message", "a letter", "a draft of a rubric"]
)
def test_a_page_with_more_to_it_goes_through_the_template(more: str) -> None:
    project = create_project(a_person("bob"), name="One")
    assert project.rubric is not None
    if more != "a draft of a rubric":
        freeze_rubric(Rubric.objects.get(pk=project.rubric.pk))
    trace = a_trace(project)
    fill_queue(project)
    held = held_by(project, "bob")
    client, told, query = signed_in("bob"), "What is six times seven?", ""
    if more == "raw":
        told, query = '<pre class="raw">What is six times seven?', "?raw"
    elif more == "a comment":
        Comment.objects.create(trace=trace, author=a_person("bob"), text="What is <this>?")
        told = "What is &lt;this&gt;?"
    elif more == "submitted":
        Assignment.objects.filter(pk=held.pk).update(
            state="submitted", held_until=None, finished_at=timezone.now()
        )
        told = "You submitted this trace"
    elif more == "a message":
        client.post(f"/projects/{project.slug}/labelling/")
        told = "Saved. It holds from the next page that somebody opens."
    elif more == "a letter":
        write_to(held.holder, "Look at the units.", by=a_person("alice"))
        told = "Look at the units."
    assert told in client.get(f"/assignments/{held.pk}/{query}").content.decode()
    assert not sheet_page._kept


def test_so_many_frames_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet_page, "MOST_FRAMES", 2)
    project = a_frozen_project()
    a_trace(project)
    fill_queue(project)
    held, bob = held_by(project, "bob"), signed_in("bob")
    for theme in ("light", "dark", "system", "light"):
        Person.objects.filter(username="bob").update(theme=theme)
        assert f'data-theme="{theme}"' in bob.get(f"/assignments/{held.pk}/").content.decode()
        assert 1 <= len(sheet_page._kept) <= 2
