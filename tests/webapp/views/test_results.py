"""The pages of measure, consensus, export and prelabel: what they show, and what their buttons send to workers."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from annotate import clock
from annotate.assign.actions import fill_queue, rater_of
from annotate.assign.compare.actions import claim_comparison
from annotate.assign.compare.filling import fill_comparisons
from annotate.consensus import auditing
from annotate.consensus.actions import make_consensus, run_consensus
from annotate.consensus.registry import POLICIES
from annotate.consensus.unfinished import GIVEN_UP, take_up
from annotate.enums import AssignmentState, RaterKind, Role, RunState, UnitState
from annotate.export.select.benchmarks import make_benchmark
from annotate.label.comparing import Choice, submit_comparison
from annotate.models import Assignment, Estimate, Project, Pulse, Release, Run, Unit, looking
from annotate.prelabel.actions import open_run
from tests.annotate.consensus.corpus import a_corpus
from tests.factories import (
    a_comparing_project,
    a_criterion,
    a_label,
    a_pair,
    a_person,
    a_project,
    a_rater,
    a_trace,
    some_attempts,
)
from tests.webapp.views.clients import queries_with_one_and_three, signed_in
from webapp.views import consensus
from workers.celery import app

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    project = a_project(slug="words", vera=Role.VIEWER, bob=Role.ANNOTATOR)
    trace = a_trace(project)
    for name in ("lena", "omar"):
        rater = a_rater(project, RaterKind.PERSON, name=name)
        for step in trace.steps.all():
            a_label(rater, step, "good")
    return project


@pytest.fixture
def alice(project: Project) -> Client:
    return signed_in("alice")


@pytest.fixture
def at_once(django_capture_on_commit_callbacks: Any) -> Iterator[Any]:
    """Tasks run where they are sent, as soon as the transaction around them would have been committed."""
    app.conf.task_always_eager = app.conf.task_eager_propagates = True
    yield lambda: django_capture_on_commit_callbacks(execute=True)
    app.conf.task_always_eager = app.conf.task_eager_propagates = False


def test_measuring_stores_what_the_page_then_shows(project: Project, alice: Client, at_once: Any) -> None:
    assert "manage.py measure words" in alice.get("/projects/words/measure/").content.decode()
    with at_once():
        alice.post("/projects/words/measure/")
    assert Estimate.objects.filter(project=project).exists()
    page = alice.get("/projects/words/measure/").content.decode()
    assert "Alpha among people" in page
    assert "Nothing has changed since." in page
    a_label(a_rater(project), a_trace(project).steps.get(position=0), "bad")
    assert "Labels have changed since" in alice.get("/projects/words/measure/").content.decode()


def test_consensus_is_run_and_shown_with_its_funnel(project: Project, alice: Client, at_once: Any) -> None:
    assert "manage.py consensus words" in alice.get("/projects/words/consensus/").content.decode()
    with at_once():
        alice.post("/projects/words/consensus/new/", {"policy": "majority", "set-min_votes": "2"})
    run = Run.objects.get()
    assert run.settings["min_votes"] == 2
    page = alice.get("/projects/words/consensus/").content.decode()
    assert "3 of 3 steps are kept (100 %)" in page
    assert page.count("Keep as good") == 3
    assert alice.get(f"/runs/{run.pk}/")["Location"] == f"/consensus/{run.pk}/"
    assert "No step is decided this way." in alice.get(f"/consensus/{run.pk}/?action=drop").content.decode()


def test_whoever_asks_for_a_consensus_sees_how_far_it_is(
    project: Project, alice: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.views.consensus.send_consensus", lambda run: False)
    answer = alice.post("/projects/words/consensus/new/", {"policy": "majority"}, follow=True)
    run = Run.objects.get()
    address = f"/consensus/{run.pk}/"
    assert answer.redirect_chain == [(address, 302)]
    page = answer.content.decode()
    assert "The run is stored, and begins as soon as they can be." in page
    assert "<strong>Queued</strong>" in page
    assert 'hx-trigger="every 2s"' in page
    assert "htmx-2" in page
    assert f'<a href="{address}">majority #{run.pk}</a>: Queued' in overview(alice)

    held = take_up(run.pk)
    assert held is not None
    part = alice.get(address, headers={"HX-Request": "true"})
    assert "<strong>Running</strong>" in part.content.decode()
    assert "<html" not in part.content.decode()
    assert "Running" in alice.get(f"{address}explorer/").content.decode()
    assert alice.post(f"{address}explorer/").status_code == 409
    Pulse.objects.update(beat_at=clock.now() - GIVEN_UP - timedelta(seconds=1))
    assert "Its worker has stopped; another makes it again." in alice.get(address).content.decode()

    make_consensus(held)
    assert alice.get(address, headers={"HX-Request": "true"})["HX-Refresh"] == "true"
    page = alice.get(address).content.decode()
    assert "Keep as good" in page
    assert "hx-trigger" not in page
    assert "majority #" not in overview(alice).split("Settings and earlier runs", maxsplit=1)[0]


def test_further_decisions_are_on_pages_behind_one_another(
    project: Project, alice: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_consensus(project, policy="majority", settings={"min_votes": 2})
    monkeypatch.setattr(consensus, "PAGE", 1)
    path, seen = f"/consensus/{run.pk}/?action=keep", []
    while True:
        page = alice.get(path).content.decode()
        seen += re.findall(r'#step-(\d+)"', page)
        further = re.findall(r'href="(\?after=[^"]+)" rel="next"', page)
        if not further:
            break
        assert "action=keep" in further[0]
        path = f"/consensus/{run.pk}/{further[0].replace('&amp;', '&')}"
    assert seen == [str(n) for n in range(run.consensus.count())]
    assert len(seen) > 1
    monkeypatch.setattr(looking, "LOOKED_AT", 1)
    monkeypatch.setattr(looking, "MOST_LOOKS", 1)
    empty = alice.get(f"/consensus/{run.pk}/?action=drop").content.decode()
    assert "there is more" in empty
    assert "Look further" in empty


def test_a_consensus_that_fails_says_why_on_its_page_and_leaves_earlier_decisions(
    project: Project, alice: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_consensus(project, policy="majority")
    monkeypatch.setattr("webapp.views.consensus.send_consensus", lambda run: True)
    failed, stopped = (
        int(alice.post("/projects/words/consensus/new/", {"policy": "majority"})["Location"].split("/")[2])
        for _ in range(2)
    )
    held = take_up(failed)
    assert held is not None
    with monkeypatch.context() as broken:
        broken.setattr("annotate.consensus.actions.Funnel", lambda *reasons, **more: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            make_consensus(held)
    vera = signed_in("vera")
    for address in (f"/consensus/{failed}/", f"/consensus/{failed}/explorer/", "/projects/words/consensus/"):
        for reader in (alice, vera):
            assert "ZeroDivisionError: division by zero" in reader.get(address).content.decode()
    assert "Keep as good" in overview(alice)
    assert "Keep as good" not in alice.get(f"/consensus/{failed}/").content.decode()

    assert "Cancel the run" in alice.get(f"/consensus/{stopped}/").content.decode()
    assert "Cancel the run" not in vera.get(f"/consensus/{stopped}/").content.decode()
    assert vera.post(f"/runs/{stopped}/cancel/").status_code == 403
    page = alice.post(f"/runs/{stopped}/cancel/", follow=True).content.decode()
    assert "Stopped. Earlier decisions stand." in page
    assert "<strong>Cancelled</strong>" in page
    assert take_up(stopped) is None
    assert "was over already" in alice.post(f"/runs/{stopped}/cancel/", follow=True).content.decode()
    # What failed before the latest that is done is history.
    run_consensus(project, policy="majority")
    assert "ZeroDivisionError" not in overview(alice)


def overview(client: Client) -> str:
    return client.get("/projects/words/consensus/").content.decode()


def test_the_question_is_chosen_on_the_page(project: Project, alice: Client, at_once: Any) -> None:
    form = alice.get("/projects/words/consensus/new/?policy=majority").content.decode()
    assert '<option value="recoverable">' in form
    with at_once():
        alice.post("/projects/words/consensus/new/", {"policy": "majority", "criterion": "recoverable"})
    assert Run.objects.get().criterion.key == "recoverable"
    refused = alice.post("/projects/words/consensus/new/", {"policy": "scan", "criterion": "verdict"})
    assert refused.status_code == 400


def test_a_posterior_shows_its_tiers_what_it_rests_on_and_its_audit(
    project: Project, alice: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_corpus(project)
    fill_queue(project)
    monkeypatch.setattr(auditing, "audit_sample", lambda n, *, share, seed: [True] * n)
    run = run_consensus(project, policy="posterior")
    page = alice.get(f"/consensus/{run.pk}/").content.decode()
    assert "There is no guarantee:" in page
    assert "no answer is known: raters of a kind are assumed to be mostly right" in page
    assert f"0 of {run.audited.count()} traces drawn by lot have been read since." in page
    zoe = a_rater(project, RaterKind.PERSON, name="zoe")
    for slot in Assignment.objects.filter(trace__problem__project=project, state=AssignmentState.OPEN):
        slot.state, slot.holder, slot.finished_at = AssignmentState.SUBMITTED, zoe, clock.now()
        slot.save()
        for place, step in enumerate(slot.trace.steps.all()):
            a_label(zoe, step, "good" if place else "unsure", assignment=slot)
    page = " ".join(alice.get(f"/consensus/{run.pk}/").content.decode().split())
    assert "of what was kept is wrong (95 %:" in page
    assert "steps were left open; whatever they are, 0." in page
    kept = alice.get(f"/consensus/{run.pk}/?tier=A").content.decode()
    assert "Decisions: tier A" in kept
    assert "Agreed" not in alice.get(f"/consensus/{run.pk}/?tier=Z").content.decode()


def test_settings_that_do_not_fit_are_said_at_their_field(alice: Client) -> None:
    refused = alice.post("/projects/words/consensus/new/", {"policy": "majority", "set-min_votes": "0"})
    assert refused.status_code == 400
    assert "must be at least 1." in refused.content.decode()
    assert not Run.objects.exists()


def test_a_policy_that_cannot_tell_whom_to_hear_says_so_at_once(project: Project, alice: Client) -> None:
    step = project.traces.get().steps.get(position=0)
    for name in ("judge/one", "judge/two"):
        a_label(a_rater(project, RaterKind.JUDGE, name=name), step, "good")
    refused = alice.post("/projects/words/consensus/new/", {"policy": "lessons"})
    assert refused.status_code == 400
    page = refused.content.decode()
    assert "judge/one" in page
    assert "judge/two" in page


def test_a_release_is_built_shown_and_downloaded(
    project: Project, alice: Client, at_once: Any, settings: Any, tmp_path: Path
) -> None:
    settings.RELEASES_DIR = tmp_path
    assert "run one first" in alice.get("/projects/words/releases/").content.decode()
    run_consensus(project, policy="majority")
    with at_once():
        alice.post("/projects/words/releases/new/", {"format": "trl_stepwise"})
    release = Release.objects.get()
    page = alice.get(f"/releases/{release.pk}/").content.decode()
    for file in release.manifest["files"]:
        assert file["sha256"] in page
        answer = alice.get(f"/releases/{release.pk}/files/{file['path']}")
        body = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
        assert len(body) == file["bytes"]
    assert alice.get(f"/releases/{release.pk}/files/../../secret_key").status_code == 404


@pytest.mark.parametrize("policy", sorted(POLICIES))
def test_every_policy_is_set_up_and_run_from_the_page(
    project: Project, alice: Client, at_once: Any, policy: str
) -> None:
    page = alice.get(f"/projects/words/consensus/new/?policy={policy}").content.decode()
    for spec in dataclasses.fields(POLICIES[policy].settings):
        assert f'name="set-{spec.name}"' in page
    with at_once():
        answer = alice.post(
            "/projects/words/consensus/new/",
            {"policy": policy, "set-with_machines": "on", "set-stops_at_first_error": "on"},
        )
    assert answer.status_code == 302
    run = Run.objects.get(project=project)
    assert (run.name, run.criterion.key) == (policy, POLICIES[policy].usual_criterion)


def test_what_people_prefer_is_released_without_a_consensus(
    alice: Client, at_once: Any, settings: Any, tmp_path: Path
) -> None:
    settings.RELEASES_DIR = tmp_path
    project = a_comparing_project(slug="fruit")
    assert "run one first" in alice.get("/projects/fruit/releases/").content.decode()
    a_pair(*some_attempts(project, "one", "two"))
    fill_comparisons(project)
    held = claim_comparison(project, rater_of(project, a_person("alice")))
    assert held is not None
    submit_comparison(held, held.token, [Choice(a_criterion(project, "preference").pk, "left")])
    assert "/projects/fruit/releases/new/" in alice.get("/projects/fruit/releases/").content.decode()
    assert "what people have compared so far" in alice.get("/projects/fruit/releases/new/").content.decode()
    with at_once():
        alice.post("/projects/fruit/releases/new/", {"format": "preference"})
    release = Release.objects.get()
    assert release.run is None
    for page in (f"/releases/{release.pk}/", "/projects/fruit/releases/"):
        assert "what people have compared" in alice.get(page).content.decode()
    assert alice.get(f"/api/releases/{release.pk}/").json()["run"] is None
    assert "Release 1" in alice.get("/projects/fruit/").content.decode()


def test_splits_and_benchmarks_are_chosen_on_the_page_and_refused_at_once(
    project: Project, alice: Client, at_once: Any, settings: Any, tmp_path: Path
) -> None:
    settings.RELEASES_DIR, settings.BENCHMARKS_DIR = tmp_path / "out", tmp_path / "lists"
    run_consensus(project, policy="majority")
    page = alice.get("/projects/words/releases/new/?format=trl_stepwise").content.decode()
    assert "Splits and benchmarks" in page
    assert "python3 manage.py hashes" in page
    wanted = {"format": "trl_stepwise", "set-is_anonymous": "on", "set-benchmarks": "bench"}
    refused = alice.post("/projects/words/releases/new/", wanted)
    assert refused.status_code == 400
    assert "there is no hash list" in refused.content.decode()
    refused = alice.post("/projects/words/releases/new/", {"format": "rlhflow", "set-weighting": "agreement"})
    assert "no room for weights" in refused.content.decode()
    (tmp_path / "in.jsonl").write_text('{"problem": "Something else altogether, said in a few more words."}')
    make_benchmark("bench", [tmp_path / "in.jsonl"], settings.BENCHMARKS_DIR)
    assert "machine: bench." in alice.get("/projects/words/releases/new/").content.decode()
    with at_once():
        assert alice.post("/projects/words/releases/new/", wanted).status_code == 302
    release = Release.objects.get()
    assert release.manifest["selection"]["benchmarks"][0]["problems_found"] == 0
    assert (
        "Kept, but of problems known from a benchmark"
        in alice.get(f"/releases/{release.pk}/").content.decode()
    )


def test_a_release_needs_a_consensus_and_a_licence_that_is_one(project: Project, alice: Client) -> None:
    assert alice.post("/projects/words/releases/new/", {"format": "trl_stepwise"}).status_code == 409
    run_consensus(project, policy="majority")
    wrong = {"format": "trl_stepwise", "set-licence": "no such licence!"}
    refused = alice.post("/projects/words/releases/new/", wrong)
    assert refused.status_code == 400
    assert "must be an identifier" in refused.content.decode()
    assert not Release.objects.exists()


def test_a_run_is_started_followed_cancelled_and_tried_again(
    project: Project, alice: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Run] = []
    monkeypatch.setattr("webapp.views.prelabel.send_run", sent.append)
    alice.post("/projects/words/runs/new/", {"strategy": "verifier/arithmetic", "criterion": ""})
    run = Run.objects.get()
    assert sent == [run]
    page = alice.get(f"/runs/{run.pk}/").content.decode()
    assert 'hx-trigger="every 2s"' in page
    assert "htmx-2" in page
    part = alice.get(f"/runs/{run.pk}/", headers={"HX-Request": "true"})
    assert part.status_code == 200
    assert "<html" not in part.content.decode()
    alice.post(f"/runs/{run.pk}/cancel/")
    assert Unit.objects.get().state == UnitState.CANCELLED
    over = alice.get(f"/runs/{run.pk}/", headers={"HX-Request": "true"})
    assert over.status_code == 286
    assert "every 2s" not in over.content.decode()
    alice.post(f"/runs/{run.pk}/retry/")
    run.refresh_from_db()
    assert run.state == RunState.QUEUED
    assert sent == [run, run]


def test_a_run_that_cannot_work_is_refused_at_the_form(alice: Client) -> None:
    nameless = alice.post("/projects/words/runs/new/", {"strategy": "rollout/scan", "backend": ""})
    assert nameless.status_code == 400
    wrong = {"strategy": "rollout/scan", "backend": "transformers:x", "set-k": "0"}
    refused = alice.post("/projects/words/runs/new/", wrong)
    assert refused.status_code == 400
    assert not Run.objects.exists()


def test_a_runs_budget_is_set_shown_and_raised(
    project: Project, alice: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Run] = []
    monkeypatch.setattr("webapp.views.prelabel.send_run", sent.append)
    given = {"strategy": "rollout/scan", "backend": "scripted:x", "budget_completions": "5"}
    alice.post("/projects/words/runs/new/", given)
    run = Run.objects.get()
    assert (run.budget_tokens, run.budget_completions) == (None, 5)
    assert "0 of 5 completions" in alice.get(f"/runs/{run.pk}/").content.decode()
    alice.post(f"/runs/{run.pk}/cancel/")
    assert 'name="budget_completions"' in alice.get(f"/runs/{run.pk}/").content.decode()
    assert alice.post(f"/runs/{run.pk}/retry/", {"budget_completions": "many"}).status_code == 400
    alice.post(f"/runs/{run.pk}/retry/", {"budget_completions": "9"})
    run.refresh_from_db()
    assert (run.budget_completions, run.state) == (9, RunState.QUEUED)


def test_only_the_failed_traces_are_tried_again_when_that_is_asked(
    project: Project, alice: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.views.prelabel.send_run", lambda run: None)
    a_trace(project)
    alice.post("/projects/words/runs/new/", {"strategy": "verifier/arithmetic"})
    run = Run.objects.get()
    failed = run.units.first()
    assert failed is not None
    run.units.filter(pk=failed.pk).update(state=UnitState.FAILED)
    alice.post(f"/runs/{run.pk}/cancel/")
    assert "Try the 1 failed again" in alice.get(f"/runs/{run.pk}/").content.decode()
    alice.post(f"/runs/{run.pk}/retry/", {"only": "failed"})
    assert sorted(run.units.values_list("state", flat=True)) == [UnitState.CANCELLED, UnitState.PENDING]


@pytest.mark.parametrize(
    ("page", "choice"), [("consensus/new/", "policy"), ("releases/new/", "format"), ("runs/new/", "strategy")]
)
def test_what_there_is_not_is_refused_with_what_there_is(alice: Client, page: str, choice: str) -> None:
    refused = alice.post(f"/projects/words/{page}", {choice: "no such thing"})
    assert refused.status_code == 400
    assert "known are" in refused.content.decode()


@pytest.mark.parametrize("page", ["measure/", "consensus/", "releases/", "runs/"])
def test_viewers_read_and_annotators_do_not(project: Project, page: str) -> None:
    vera = signed_in("vera").get(f"/projects/words/{page}")
    assert vera.status_code == 200
    assert "<button" not in vera.content.decode().partition("<main")[2]
    assert signed_in("bob").get(f"/projects/words/{page}").status_code == 403


@pytest.mark.parametrize("page", ["measure/", "consensus/new/", "releases/new/", "runs/new/"])
def test_viewers_start_nothing(project: Project, page: str) -> None:
    assert signed_in("vera").post(f"/projects/words/{page}").status_code == 403


def test_lists_take_as_many_queries_for_three_as_for_one(project: Project, alice: Client) -> None:
    def a_run() -> None:
        open_run(project, strategy="verifier/arithmetic")

    one, three = queries_with_one_and_three(alice, "/projects/words/runs/", a_run)
    assert one == three

    def a_release() -> None:
        run = run_consensus(project, policy="majority")
        Release.objects.create(project=project, number=Release.objects.count() + 1, run=run, format="trl")

    one, three = queries_with_one_and_three(alice, "/projects/words/releases/", a_release)
    assert one == three
