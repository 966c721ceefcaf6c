"""What a page keeps between requests looks as if it were rendered afresh."""

from __future__ import annotations

import re

import pytest
from django.template.loader import render_to_string
from django.test import Client

from annotate.assign.actions import claim_next, fill_queue, rater_of
from annotate.enums import CutFault, Role
from annotate.ingest.founding import freeze_rubric
from annotate.label.cut_reports import report_cut
from annotate.models import Assignment, Project, Rubric, Step
from tests.factories import a_person, a_project, a_trace
from tests.webapp.views.clients import signed_in
from webapp.templatetags.questions import step_text

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    project = a_project(bob=Role.ANNOTATOR)
    a_trace(project, n_steps=12)
    fill_queue(project)
    return project


@pytest.fixture
def held(project: Project) -> Assignment:
    held = claim_next(project, rater_of(project, a_person("bob")))
    assert held is not None
    return held


def page_of(held: Assignment, client: Client) -> str:
    """Without the token, which differs from page to page, and without lines' ends between tags."""
    page = client.get(f"/assignments/{held.pk}/").content.decode()
    return re.sub(r">\s*\n\s*<", "><", re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", page))


def test_a_frozen_version_is_shown_from_memory_as_it_was_rendered(project: Project, held: Assignment) -> None:
    bob = signed_in("bob")
    afresh = page_of(held, bob)
    assert project.rubric is not None
    freeze_rubric(Rubric.objects.get(pk=project.rubric.pk))
    assert page_of(held, bob) == afresh
    assert page_of(held, bob) == afresh


def test_steps_with_more_to_them_stand_among_those_from_memory(project: Project, held: Assignment) -> None:
    with_image, reported = held.trace.steps.filter(position__in=(2, 4)).order_by("position")
    with_image.meta = {"images": [{"image": "ab" * 32, "width": 40, "height": 30, "alt": "A <chart>"}]}
    with_image.save()
    report_cut(held, reported.position, CutFault.TOO_LONG)
    bob = signed_in("bob")
    afresh = page_of(held, bob)
    assert project.rubric is not None
    freeze_rubric(Rubric.objects.get(pk=project.rubric.pk))
    assert page_of(held, bob) == afresh
    assert page_of(held, bob) == afresh
    assert afresh.count("data-image") == 1
    assert 'alt="A &lt;chart&gt;"' in afresh
    assert afresh.count("You reported its boundaries: too long: more than one step.") == 1


def test_a_step_without_a_template_looks_as_with_it() -> None:
    step = Step(position=0, text="So **2** $+$ 2 = <4>.\n\n", tail=2)
    template = render_to_string("parts/step_text.html", {"step": step, "is_raw": False})
    assert step_text(step, False) == re.sub(r"(^|>)\s*\n\s*(<|$)", r"\1\2", template).replace(
        "</p></div>", "</p>\n</div>"
    )
    assert "&lt;4&gt;" in step_text(step, True)
    assert "Action" in step_text(Step(position=0, text="look", kind="action"), False)


def test_what_is_kept_is_kept_apart_by_the_persons_keys(project: Project, held: Assignment) -> None:
    assert project.rubric is not None
    freeze_rubric(Rubric.objects.get(pk=project.rubric.pk))
    bob, person = signed_in("bob"), a_person("bob")
    usual = page_of(held, bob)
    person.keys = {"undo": "z"}
    person.save()
    own = page_of(held, bob)
    assert "<kbd>z</kbd>" in own
    assert "<kbd>z</kbd>" not in usual
    person.has_shortcuts = False
    person.save()
    assert "Single-key shortcuts are off" in page_of(held, bob)
    person.keys, person.has_shortcuts = {}, True
    person.save()
    assert page_of(held, bob) == usual
