"""Managers see, choose and build what is asked, with plain forms."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from annotate.enums import CriterionKind, Role
from annotate.ingest.founding import create_from_preset, freeze_rubric, use_rubric
from annotate.ingest.presets import GALLERY
from annotate.ingest.rubric_rows import criteria_of
from annotate.models import Label, Project, Rubric
from tests.factories import a_label, a_project, a_rater, a_trace
from tests.webapp.views.clients import queries_of, signed_in
from tests.webapp.views.forms import form_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return a_project(slug="words", bob=Role.ANNOTATOR, carol=Role.MANAGER)


@pytest.fixture
def carol(project: Project) -> Client:
    return signed_in("carol")


@pytest.fixture
def rubric(project: Project) -> Rubric:
    assert project.rubric is not None
    return project.rubric


def builder(client: Client, rubric: Rubric) -> dict[str, list[str]]:
    return form_in(client.get(f"/rubrics/{rubric.pk}/").content.decode(), "builder")


def press(client: Client, rubric: Rubric, form: dict[str, list[str]], button: str) -> dict[str, list[str]]:
    """Send the form with a button that stores nothing; the form that comes back."""
    answer = client.post(f"/rubrics/{rubric.pk}/", {**form, "do": button})
    assert answer.status_code == 200
    return form_in(answer.content.decode(), "builder")


def saved(client: Client, rubric: Rubric, form: dict[str, Any]) -> Any:
    return client.post(f"/rubrics/{rubric.pk}/", {**form, "do": "save"})


@pytest.mark.parametrize("key", GALLERY)
def test_a_rubric_comes_through_its_form_unchanged(project: Project, carol: Client, key: str) -> None:
    draft = create_from_preset(project, key)
    answer = saved(carol, draft, builder(carol, draft))
    assert (answer.status_code, answer["Location"]) == (302, f"/rubrics/{draft.pk}/")
    draft.refresh_from_db()
    assert criteria_of(draft) == list(GALLERY[key].criteria)
    assert draft.guidelines == GALLERY[key].guidelines


def test_a_question_is_built_from_nothing(carol: Client, rubric: Rubric) -> None:
    form = press(carol, rubric, builder(carol, rubric), "add")
    form = press(carol, rubric, form, "level-add-2")
    form |= {
        "c2-title": ["How clear?"],
        "c2-kind": ["ordinal"],
        "c2-when": ["verdict=good", "verdict=neutral"],
        "c2-weight": ["2,5"],
        "c2-l0-title": ["Clear"],
        "c2-l0-hotkey": ["1"],
        "c2-l0-score": ["1"],
        "c2-l1-title": ["Murky"],
        "c2-l1-score": ["−1"],
        "c2-l1-needs_text": ["on"],
        "guidelines": ["Read *slowly*."],
    }
    # Nothing is stored before it is saved, and a level that nobody wrote in is left out.
    assert rubric.criteria.count() == 2
    assert saved(carol, rubric, form).status_code == 302
    made = criteria_of(rubric)[2]
    assert (made.key, made.kind, made.weight) == ("how-clear", CriterionKind.ORDINAL, 2.5)
    assert (made.condition, made.condition_levels) == ("verdict", ("good", "neutral"))
    assert [(one.key, one.hotkey, one.score, one.needs_text) for one in made.levels] == [
        ("clear", "1", 1.0, False),
        ("murky", "", -1.0, True),
    ]
    rubric.refresh_from_db()
    assert rubric.guidelines == "Read *slowly*."


def test_questions_and_levels_move_and_go(carol: Client, rubric: Rubric) -> None:
    form = press(carol, rubric, builder(carol, rubric), "down-0")
    form = press(carol, rubric, form, "level-up-1-1")
    form = press(carol, rubric, form, "level-remove-1-3")
    saved(carol, rubric, form)
    recoverable, verdict = criteria_of(rubric)
    assert (recoverable.key, [level.key for level in verdict.levels]) == (
        "recoverable",
        ["neutral", "good", "bad"],
    )
    saved(carol, rubric, press(carol, rubric, builder(carol, rubric), "remove-0"))
    assert [one.key for one in criteria_of(rubric)] == ["verdict"]


def test_a_button_that_is_not_there_changes_nothing(carol: Client, rubric: Rubric) -> None:
    before = builder(carol, rubric)
    for button in ("up-99", "level-up-0-99", "level-add-x", "remove-", "level-", "nonsense"):
        after = press(carol, rubric, before, button)
        assert after | {"csrfmiddlewaretoken": before["csrfmiddlewaretoken"]} == before


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"c0-l1-hotkey": ["1"]}, "Verdict, level Neutral: 1 is taken by the level Good."),
        ({"c0-l1-hotkey": ["j"]}, "Verdict, level Neutral: the labelling page uses the key j itself."),
        ({"c0-l1-score": ["high"]}, "Verdict: the score of Neutral is not a number."),
        ({"c0-weight": ["nan"]}, "Verdict: the weight is not a number."),
        ({"c0-title": [""]}, "verdict: the title is empty."),
        ({"c1-when": ["verdict=good", "other=x"]}, "Recoverable: it can depend on one question"),
        ({"c0-kind": ["guess"]}, "Verdict: choose what it is about"),
        ({"c0-severities": ["minor"]}, "Verdict: only tags have severities."),
    ],
)
def test_what_cannot_be_saved_is_said_beside_it_and_kept_as_typed(
    carol: Client, rubric: Rubric, change: dict[str, list[str]], said: str
) -> None:
    stored = criteria_of(rubric)
    answer = saved(carol, rubric, {**builder(carol, rubric), **change})
    page = answer.content.decode()
    assert answer.status_code == 400
    assert page.count(said) >= 2
    (name, values), *_ = change.items()
    if name not in ("c0-kind", "c1-when"):
        assert form_in(page, "builder")[name] == values
    assert criteria_of(rubric) == stored


def test_a_preview_checks_and_stores_nothing(carol: Client, rubric: Rubric) -> None:
    form = builder(carol, rubric) | {"guidelines": ["Read *slowly*: $x^2$ <script>"]}
    page = carol.post(f"/rubrics/{rubric.pk}/", {**form, "do": "preview"}).content.decode()
    assert "<em>slowly</em>" in page
    assert "<script>" not in page.split("preview")[1].split("</section>")[0]
    assert "Every question can be answered as it stands" in page
    rubric.refresh_from_db()
    assert rubric.guidelines == ""


def test_a_save_from_an_old_page_is_noticed(carol: Client, rubric: Rubric) -> None:
    old = builder(carol, rubric)
    saved(carol, rubric, builder(carol, rubric) | {"c0-title": ["Judgement"]})
    answer = saved(carol, rubric, old)
    assert answer.status_code == 400
    assert b"Somebody else has saved this draft" in answer.content
    assert criteria_of(rubric)[0].title == "Judgement"


def test_a_frozen_version_is_read_and_edited_as_the_next_one(carol: Client, rubric: Rubric) -> None:
    form = builder(carol, rubric)
    freeze_rubric(rubric)
    page = carol.get(f"/rubrics/{rubric.pk}/").content.decode()
    assert "Frozen: labels rest on it" in page
    assert 'id="builder"' not in page
    assert saved(carol, rubric, form).status_code == 409
    made = carol.post(f"/rubrics/{rubric.pk}/draft/")
    draft = Rubric.objects.get(version=2)
    assert made["Location"] == f"/rubrics/{draft.pk}/"
    assert criteria_of(draft) == criteria_of(rubric)


def test_a_preset_is_drafted_and_used(project: Project, carol: Client, rubric: Rubric) -> None:
    made = carol.post("/projects/words/rubrics/", {"preset": "first-error"})
    draft = Rubric.objects.get(name="First error")
    assert made["Location"] == f"/rubrics/{draft.pk}/"
    assert b"nothing is left behind" in carol.get(f"/rubrics/{draft.pk}/use/").content
    carol.post(f"/rubrics/{draft.pk}/use/", {"do": "leave"})
    project.refresh_from_db()
    assert project.rubric == draft
    page = carol.get("/projects/words/rubrics/").content.decode()
    assert page.index("First error v1") < page.index("PRM verdicts v1")
    assert carol.post("/projects/words/rubrics/", {"preset": "none"}).status_code == 400


def test_labels_are_carried_over_as_the_form_says_after_counting(
    project: Project, carol: Client, rubric: Rubric
) -> None:
    steps = list(a_trace(project).steps.all())
    rater = a_rater(project)
    for step, value in zip(steps, ("good", "neutral", "bad"), strict=True):
        a_label(rater, step, value)
    draft = create_from_preset(project, "first-error")
    address = f"/rubrics/{draft.pk}/use/"
    page = carol.get(address).content.decode()
    assert "2 carried over, 1 set aside" in page
    form = form_in(page, "carrying")
    assert (form["q0"], form["q0-l0"], form["q0-l1"]) == (["verdict"], ["good"], [""])

    form["q0-l1"] = ["good"]
    counted = carol.post(address, {**form, "do": "preview"}).content.decode()
    assert "3 carried over, 0 set aside" in counted
    assert not Label.objects.filter(criterion__rubric=draft).exists()

    assert carol.post(address, {**form, "do": "carry"})["Location"] == "/projects/words/rubrics/"
    carried = Label.objects.filter(criterion__rubric=draft).order_by("step__position")
    assert [label.value for label in carried] == ["good", "good", "bad"]
    assert "3 labels were carried over" in carol.get("/projects/words/rubrics/").content.decode()
    project.refresh_from_db()
    assert project.rubric == draft


def test_labels_can_be_left_behind(project: Project, carol: Client) -> None:
    a_label(a_rater(project), a_trace(project).steps.first(), "good")
    draft = create_from_preset(project, "first-error")
    carol.post(f"/rubrics/{draft.pk}/use/", {"do": "leave"})
    project.refresh_from_db()
    assert project.rubric == draft
    assert Label.objects.count() == 1


def test_a_level_that_is_not_there_is_refused_and_nothing_happens(project: Project, carol: Client) -> None:
    a_label(a_rater(project), a_trace(project).steps.first(), "good")
    draft = create_from_preset(project, "first-error")
    address = f"/rubrics/{draft.pk}/use/"
    form = form_in(carol.get(address).content.decode(), "carrying")
    answer = carol.post(address, {**form, "q0-l0": "splendid", "do": "carry"})
    assert answer.status_code == 400
    assert b"First error has no level splendid" in answer.content
    project.refresh_from_db()
    assert (project.rubric == draft, Label.objects.count()) == (False, 1)


def test_a_draft_is_discarded_and_what_is_in_use_or_frozen_is_not(
    project: Project, carol: Client, rubric: Rubric
) -> None:
    assert carol.post(f"/rubrics/{rubric.pk}/discard/").status_code == 409
    draft = create_from_preset(project, "prm800k")
    assert carol.post(f"/rubrics/{draft.pk}/discard/").status_code == 302
    assert Rubric.objects.get() == rubric
    freeze_rubric(rubric)
    use_rubric(project, create_from_preset(project, "prm800k"))
    assert carol.post(f"/rubrics/{rubric.pk}/discard/").status_code == 409


def test_an_empty_version_is_not_used(project: Project, carol: Client) -> None:
    empty = Rubric.objects.create(project=project, name="Empty")
    assert carol.post(f"/rubrics/{empty.pk}/use/").status_code == 400


def test_annotators_and_strangers_build_nothing(project: Project, rubric: Rubric) -> None:
    for name, status in (("bob", 403), ("dan", 404)):
        client = signed_in(name)
        for path in ("", "draft/", "discard/", "use/"):
            assert client.post(f"/rubrics/{rubric.pk}/{path}", {"n": "0"}).status_code == status
        assert client.post("/projects/words/rubrics/", {"preset": "prm800k"}).status_code == status
    assert Rubric.objects.get() == rubric


def test_the_pages_take_as_many_queries_for_more_versions_and_questions(
    project: Project, carol: Client, rubric: Rubric
) -> None:
    one = queries_of(carol, "/projects/words/rubrics/")
    big = create_from_preset(project, "checklist")
    create_from_preset(project, "prm800k")
    assert queries_of(carol, "/projects/words/rubrics/") == one
    assert queries_of(carol, f"/rubrics/{big.pk}/") == queries_of(carol, f"/rubrics/{rubric.pk}/")


def test_a_form_that_claims_too_much_is_refused(carol: Client, rubric: Rubric) -> None:
    assert saved(carol, rubric, {"n": "99999"}).status_code == 400
    assert saved(carol, rubric, {"n": "x"}).status_code == 400
    assert saved(carol, rubric, builder(carol, rubric) | {"c0-n": ["100000"]}).status_code == 400
