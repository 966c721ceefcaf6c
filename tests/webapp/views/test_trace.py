from __future__ import annotations

import pytest

from annotate.consensus.actions import run_consensus
from annotate.enums import FinishReason, RaterKind, Role, RunKind, UnitState
from annotate.label.answers import Said
from annotate.label.decisions import decide
from annotate.models import Completion, Project, Run, Unit
from tests.factories import a_criterion, a_label, a_person, a_project, a_rater, a_trace
from tests.webapp.views.clients import queries_of, queries_with_one_and_three, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return a_project(slug="words", bob=Role.ANNOTATOR)


def test_the_list_pages_by_key_and_searches(project: Project) -> None:
    alice = signed_in("alice")
    one, three = queries_with_one_and_three(alice, "/projects/words/traces/", lambda: a_trace(project))
    assert one == three
    for number in range(50):
        a_trace(project, external_id=f"n{number:02}")
    first = alice.get("/projects/words/traces/").content.decode()
    assert "n46" in first
    assert "n47" not in first
    last = project.traces.get(external_id="n46")
    assert f'href="?after={last.pk}"' in first
    second = alice.get(f"/projects/words/traces/?after={last.pk}").content.decode()
    assert "n47" in second
    assert "n46" not in second
    assert "No trace has" in alice.get("/projects/words/traces/?search=zzz").content.decode()
    assert alice.get("/projects/words/traces/?after=zzz").status_code == 200


def test_every_kind_of_rater_stands_beside_its_step(project: Project) -> None:
    trace = a_trace(project, n_steps=2)
    step = trace.steps.get(position=0)
    evidence = {"hits": 3, "misses": 4, "unknown": 1, "tried": 8}
    a_label(a_rater(project, RaterKind.GOLD, name="gold/key"), step, "good")
    a_label(a_rater(project, name="sim-lena", is_simulated=True), step, "bad", text="Looks off \u202e")
    rollout = a_rater(project, RaterKind.ROLLOUT, name="rollout/scan@1")
    a_label(rollout, step, "good", criterion_key="recoverable", score=0.4, evidence=evidence)
    a_label(a_rater(project, RaterKind.JUDGE, name="judge@1"), step, "bad", text="The sum is wrong.")
    equations = [{"equation": "1 + 1 = 3", "found": "3", "expected": "2", "status": "refuted"}]
    verifier = a_rater(project, RaterKind.VERIFIER, name="verifier@1")
    a_label(verifier, step, "bad", evidence={"equations": equations})
    run_consensus(project, policy="majority")
    page = signed_in("alice").get(f"/traces/{trace.pk}/").content.decode()
    for shown in (
        "gold/key",
        "sim-lena (simulated)",
        "Looks off ‹U+202E›",
        "3 of 8 rollouts reached the answer, 1 without an outcome.",
        "●●●○○○○·",
        "The sum is wrong.",
        "the left side is 2, not 3",
        "Nobody has said anything about this step.",
        "<strong>Keep</strong>",
    ):
        assert shown in page


def test_a_traces_queries_do_not_grow_with_steps_and_labels(project: Project) -> None:
    raters = [a_rater(project, kind) for kind in (RaterKind.PERSON, RaterKind.GOLD, RaterKind.JUDGE)]
    counts = []
    for n_steps in (1, 3):
        trace = a_trace(project, n_steps=n_steps)
        for step in trace.steps.all():
            for rater in raters:
                a_label(rater, step, "good")
        counts.append(queries_of(signed_in("alice"), f"/traces/{trace.pk}/"))
    assert counts[0] == counts[1]


def test_annotators_do_not_read_evidence(project: Project) -> None:
    trace = a_trace(project)
    bob = signed_in("bob")
    assert bob.get(f"/traces/{trace.pk}/").status_code == 403
    assert bob.get("/projects/words/traces/").status_code == 403


def test_every_fact_a_machine_measured_is_on_the_page(project: Project) -> None:
    trace = a_trace(project)
    evidence = {"label_mass": 0.25, "orders": 2, "criteria": [{"key": "<b>sound</b>", "failed": True}]}
    distribution = {"good": 0.125, "neutral": 0.5, "bad": 0.375}
    judge = a_rater(project, RaterKind.JUDGE, name="judge@1")
    a_label(
        judge, trace.steps.get(position=0), "neutral", evidence=evidence, distribution=distribution, score=0.5
    )
    page = signed_in("alice").get(f"/traces/{trace.pk}/").content.decode()
    assert "<dt>label mass</dt><dd>0.25</dd>" in page
    assert "&lt;b&gt;sound&lt;/b&gt;" in page
    assert "<b>sound</b>" not in page
    assert [page.index(f"<dt>{level}</dt>") for level in ("neutral", "bad", "good")] == sorted(
        page.index(f"<dt>{level}</dt>") for level in distribution
    )


def test_a_steps_answers_are_shown_as_hostile_text(project: Project) -> None:
    trace = a_trace(project)
    rollout = a_rater(project, RaterKind.ROLLOUT, name="rollout/scan@1")
    run = Run.objects.create(
        project=project,
        kind=RunKind.PRELABEL,
        name="rollout/scan",
        criterion=a_criterion(project, "recoverable"),
        rater=rollout,
        backend="scripted:x",
    )
    unit = Unit.objects.create(run=run, trace=trace, state=UnitState.DONE)
    Completion.objects.create(
        run=run,
        unit=unit,
        digest="a" * 64,
        sample=0,
        about=0,
        purpose="rollout",
        text="<script>alert(1)</script> \u202e",
        finish_reason=FinishReason.STOP,
        sampling={"temperature": 1.0},
        completion_tokens=7,
        seed=11,
        choices={"good": -0.5},
        choice_source="tokens",
    )
    named = {"question": "a" * 64, "outcomes": "r", "tried": 1, "hits": 1, "misses": 0, "unknown": 0}
    a_label(
        rollout, trace.steps.get(position=0), "good", criterion_key="recoverable", run=run, evidence=named
    )
    alice = signed_in("alice")
    address = f"/runs/{run.pk}/answers/?trace={trace.pk}&amp;step=0"
    assert address in alice.get(f"/traces/{trace.pk}/").content.decode()
    page = alice.get(address.replace("&amp;", "&")).content.decode()
    assert "<strong>Right</strong>" in page
    assert "seed 11" in page
    assert "&lt;script&gt;" in page
    assert "<script>alert" not in page
    assert "‹U+202E›" in page
    assert "Nothing was asked" in alice.get(f"/runs/{run.pk}/answers/?trace={trace.pk}").content.decode()
    assert alice.get(f"/runs/{run.pk}/answers/?trace=x").status_code == 400
    assert signed_in("bob").get(address.replace("&amp;", "&")).status_code == 403


def test_a_decision_stands_beside_its_step_with_who_and_why(project: Project) -> None:
    trace = a_trace(project, n_steps=1)
    a_label(a_rater(project, name="ann"), trace.steps.get(), "good")
    said = Said(a_criterion(project).pk, 0, "bad", "Six times seven is 42")
    decide(trace, a_person("alice"), [said])
    page = signed_in("alice").get(f"/traces/{trace.pk}/").content.decode()
    assert "decided by alice" in page
    assert "Six times seven is 42" in page
