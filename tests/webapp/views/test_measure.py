"""The judges' pages: where each one stands, what its audit found, and who may ask for another."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from annotate.enums import RaterKind, Role, RunState, UnitState
from annotate.measure.actions import record_audit
from annotate.models import Project, Rater, Run, Unit
from annotate.prelabel.actions import open_run
from annotate.prelabel.audit.actions import audits_of, open_audit
from annotate.prelabel.audit.counts import FamilyCounts
from annotate.prelabel.audit.kinds import TRACES
from annotate.prelabel.audit.probe import HELD, Result
from tests.annotate.measure.pair_judges import an_audited_judge_of_pairs
from tests.factories import a_project, a_rater, a_trace
from tests.webapp.views.clients import queries_with_one_and_three, signed_in

pytestmark = pytest.mark.django_db

HOSTILE = '<script>alert("x")</script>\n{{ 7|add:7 }} & "quotes"'


@pytest.fixture
def project() -> Project:
    project = a_project(slug="words", vera=Role.VIEWER, bob=Role.ANNOTATOR, mona=Role.MANAGER)
    a_trace(project)
    return project


@pytest.fixture
def alice(project: Project) -> Client:
    return signed_in("alice")


def a_judge(project: Project, name: str = "") -> Rater:
    return open_run(project, strategy="judge/critique", backend="scripted:", rater_name=name).rater


def audited(rater: Rater, *, refused: int = 10, fooled: int = 0) -> Run:
    """The judge's audit, over, with this many texts refused and taken for right."""
    run = audits_of(rater).first()
    counts = {name: FamilyCounts() for name in TRACES.families}
    for _ in range(refused):
        counts["master_key_alone"].add(HELD, "“.”", ".")
    for _ in range(fooled):
        counts["master_key_alone"].add(Result("failed", HOSTILE), HOSTILE, HOSTILE)
    counts["flipped_digit"].add(Result("unread", "items"), "one", "")
    facts = {"summary": {"families": {name: one.as_json() for name, one in counts.items()}}}
    Unit.objects.filter(run=run).update(state=UnitState.DONE, findings=facts)
    Run.objects.filter(pk=run.pk).update(state=RunState.DONE)
    run.refresh_from_db()
    record_audit(run)
    return run


def page(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return response.content.decode()


def test_a_project_without_judges_says_how_one_comes_to_be_audited(alice):
    assert "The first run of one opens its audit." in page(alice, "/projects/words/judges/")
    assert "/projects/words/judges/" not in page(alice, "/projects/words/measure/")


def test_every_judge_is_listed_with_where_it_stands(project, alice):
    audited(a_judge(project, "judge/fine@1"))
    audited(a_judge(project, "judge/fooled@1"), fooled=10)
    a_judge(project, "judge/new@1")

    shown = page(alice, "/projects/words/judges/")

    assert "Trusted" in shown
    assert "Below the gate: empty text refused, alone: 0.5, wanted at least 0.99" in shown
    assert "Not audited yet" in shown
    assert "An audit over 1 trace waits for a worker." in shown
    assert "/projects/words/judges/" in page(alice, "/projects/words/measure/")


def test_a_report_shows_rates_intervals_the_gate_and_what_was_not_read(project, alice):
    rater = a_judge(project)
    run = audited(rater)

    shown = page(alice, f"/raters/{rater.pk}/audit/")

    assert "1.0 (0.7–1.0)" in shown
    assert "✓ gate 0.99" in shown
    assert "Not read, 1: items" in shown
    assert "no verdict could be read: items" in shown
    assert "Asked by the gate and not measured" in shown
    assert f"/runs/{run.pk}/" in shown


def test_hostile_text_stays_text(project, alice):
    rater = a_judge(project)
    audited(rater, refused=0, fooled=9)

    shown = page(alice, f"/raters/{rater.pk}/audit/")

    assert "<script>alert" not in shown
    assert "&lt;script&gt;alert" in shown
    assert "{{ 7|add:7 }}" in shown
    assert shown.count("<pre>") == 5
    assert "✕ gate 0.99" in shown
    assert "Consensus sets its labels aside." in shown


def test_a_manager_runs_the_audit_again_once_at_a_time(project):
    rater = a_judge(project)
    audited(rater)
    mona = signed_in("mona")

    first = mona.post(f"/raters/{rater.pk}/audit/")
    second = mona.post(f"/raters/{rater.pk}/audit/")

    assert (first.status_code, second.status_code) == (302, 409)
    assert audits_of(rater).count() == 2
    assert audits_of(rater).first().created_by.username == "mona"
    shown = page(mona, f"/raters/{rater.pk}/audit/")
    assert "An audit over 1 trace waits for a worker." in shown
    assert "1.0 (0.7–1.0)" in shown, "the last finished audit stays until the new one is over"
    assert "Run again" not in shown


def test_an_audit_that_ended_early_is_named_and_not_used(project, alice):
    rater = a_judge(project)
    Run.objects.filter(pk=audits_of(rater).get().pk).update(state=RunState.CANCELLED)

    shown = page(alice, f"/raters/{rater.pk}/audit/")

    assert "ended early and is not used" in shown
    assert "Run the audit" in shown


@pytest.mark.parametrize(("name", "reads"), [("vera", 200), ("bob", 403), ("dan", 404)])
def test_who_does_not_manage_changes_nothing(project, name, reads):
    rater = a_judge(project)
    audited(rater)
    client = signed_in(name)

    for path in ("/projects/words/judges/", f"/raters/{rater.pk}/audit/"):
        assert client.get(path).status_code == reads
        assert client.post(path, {"gate-gold_solution": "0"}).status_code in (403, 404)
    assert "Save the gate" not in client.get("/projects/words/judges/").content.decode()
    assert Project.objects.get(slug="words").judge_gate["gold_solution"] == 0.8
    assert audits_of(rater).count() == 1


def test_the_gate_is_changed_and_an_empty_field_asks_nothing(project, alice):
    response = alice.post(
        "/projects/words/judges/", {"gate-gold_solution": "0.5", "gate-bias_verbosity": "0.2"}
    )

    assert response.status_code == 302
    assert Project.objects.get(slug="words").judge_gate == {"gold_solution": 0.5, "bias_verbosity": 0.2}


@pytest.mark.parametrize("value", ["1.5", "-1", "much", "nan"])
def test_a_threshold_that_is_no_share_is_refused_beside_its_field(project, alice, value):
    before = project.judge_gate

    response = alice.post("/projects/words/judges/", {"gate-gold_solution": value})

    assert response.status_code == 400
    assert 'class="errorlist"' in response.content.decode()
    assert Project.objects.get(slug="words").judge_gate == before


@pytest.mark.parametrize("kind", [RaterKind.PERSON, RaterKind.ROLLOUT, RaterKind.GOLD])
def test_only_judges_have_an_audit(project, alice, kind):
    rater = a_rater(project, kind)
    for answer in (alice.get(f"/raters/{rater.pk}/audit/"), alice.post(f"/raters/{rater.pk}/audit/")):
        assert answer.status_code == 400
        assert "is no judge" in answer.content.decode()


def test_a_judge_whose_labels_came_in_a_file_has_a_page_without_a_button(project, alice):
    rater = a_rater(project, RaterKind.JUDGE, "judge/elsewhere")

    assert "Run the audit" not in page(alice, f"/raters/{rater.pk}/audit/")
    assert alice.post(f"/raters/{rater.pk}/audit/").status_code == 400


def test_queries_do_not_grow_with_judges(project, alice):
    names = iter(("judge/a@1", "judge/b@1", "judge/c@1"))

    def make() -> Any:
        return audited(a_judge(project, next(names)))

    one, three = queries_with_one_and_three(alice, "/projects/words/judges/", make)
    assert one == three


def test_a_new_audit_takes_the_question_the_judge_labels(project, alice):
    rater = a_judge(project)
    first = audited(rater)

    alice.post(f"/raters/{rater.pk}/audit/")

    assert audits_of(rater).first().criterion == first.criterion
    with pytest.raises(Exception, match="under way"):
        open_audit(rater, first.criterion)


def test_a_judge_of_pairs_has_the_same_page_with_its_own_questions(project, alice):
    rater = an_audited_judge_of_pairs(project, gold_pair=(1, 3), bias_position=(3, 1))

    shown = page(alice, f"/raters/{rater.pk}/audit/")

    assert "Below the gate: known better side preferred: 0.25, wanted at least 0.8" in shown
    assert "The two change places, and what was preferred no longer is." in shown
    assert "Consensus decides steps and reads no labels of pairs." in shown
    assert "Known solution accepted" not in shown
    assert "over 1 pair; 1 more failed." in shown
    assert "pair-of-one, a question: moved" in shown
    assert "known better side preferred: 0.25" in page(alice, "/projects/words/judges/")


def test_the_gate_asks_after_the_rates_of_both_kinds(project, alice):
    alice.post("/projects/words/judges/", {"gate-gold_pair": "0.2", "gate-gold_solution": "0.5"})
    assert Project.objects.get(slug="words").judge_gate == {"gold_solution": 0.5, "gold_pair": 0.2}
    assert "Known better side preferred, at least" in page(alice, "/projects/words/judges/")
