"""Alice sets a project up, brings traces in, runs machines and decides, all without a page."""

from __future__ import annotations

import json
from typing import Any

import pytest

from annotate.consensus.actions import make_consensus, run_consensus
from annotate.consensus.unfinished import take_up
from annotate.enums import RaterKind, Role, RunState
from annotate.errors import Conflict
from annotate.export.actions import build_release
from annotate.models import Estimate, Label, Membership, Project, Release, Reveal, Run, Trace
from tests.annotate.consensus.corpus import a_corpus
from tests.factories import a_criterion, a_label, a_person, a_project, a_rater, a_trace
from tests.paths import REPOSITORY
from tests.webapp.api.clients import content_of_file, signed_in

pytestmark = pytest.mark.django_db

TRACE = {
    "id": "t1",
    "problem": {"text": "What is 1 + 1?", "reference_answer": "2"},
    "steps": ["One and one.\n\n", "That is 2."],
}


@pytest.fixture
def project() -> Project:
    return a_project(a_person("alice"), slug="sums", bob=Role.ANNOTATOR, carol=Role.MANAGER)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What was handed to the workers once the transaction was over."""
    sent: list[dict[str, Any]] = []
    for module, task in (
        ("consensus", "work_consensus"),
        ("export", "work_release"),
        ("prelabel", "work_run"),
    ):
        monkeypatch.setattr(
            f"workers.tasks.{module}.{task}.apply_async", lambda kwargs, **options: sent.append(kwargs)
        )
    return sent


def post(address: str, body: Any = None, name: str = "alice") -> Any:
    return signed_in(name).post(address, body, format="json")


def test_a_project_is_founded_by_whoever_asks():
    answer = post("/api/projects/", {"name": "New sums", "overlap": 2}, name="dan")

    assert answer.status_code == 201
    assert (answer.data["slug"], answer.data["overlap"]) == ("new-sums", 2)
    assert Membership.objects.get(project__slug="new-sums").role == Role.OWNER
    assert post("/api/projects/", {"name": "New sums"}, name="dan").status_code == 409


def test_members_get_roles_and_owners_keep_theirs(project):
    address = "/api/projects/sums/members/"
    a_person("dan")

    assert post(address, {"username": "dan", "role": "viewer"}).data["role"] == "viewer"
    assert post(address, {"username": "alice", "role": "viewer"}, name="carol").status_code == 409
    assert post(address, {"username": "carol", "role": "owner"}, name="carol").status_code == 400
    assert post(address, {"username": "nobody", "role": "viewer"}).data["field"] == "username"
    assert post(address, {"username": "dan", "role": "viewer"}, name="bob").status_code == 403


def test_a_rubric_version_is_written_and_put_to_use(project):
    level = {"key": "yes", "title": "Yes", "hotkey": "1", "score": 1.0}
    levels = [level, level | {"key": "no", "hotkey": ""}]
    criterion = {"key": "clear", "title": "Clear", "kind": "binary", "levels": levels}

    made = post("/api/projects/sums/rubrics/", {"name": "Clarity", "criteria": [criterion]})
    used = post(f"/api/rubrics/{made.data['id']}/use/")

    flags = {"needs_text": False, "ends_trace": False, "is_fatal": False}
    assert made.data["criteria"][0]["levels"][0] == level | flags | {"description": "", "examples": ""}
    assert used.status_code == 204
    project.refresh_from_db()
    assert project.rubric_id == made.data["id"]


def test_a_rubric_with_a_key_twice_is_refused(project):
    level = {"key": "yes", "title": "Yes"}
    criterion = {"key": "clear", "title": "Clear", "levels": [level, level]}

    assert (
        post("/api/projects/sums/rubrics/", {"name": "Clarity", "criteria": [criterion]}).status_code == 400
    )


def test_traces_come_in_by_the_ingest_action_and_again_change_nothing(project):
    address = "/api/projects/sums/traces/"

    first, second = post(address, [TRACE, TRACE | {"id": "t2", "steps": ["Two."]}]), post(address, TRACE)

    assert (first.status_code, first.data["created"], first.data["errors"]) == (200, 2, [])
    assert second.data["unchanged"] == 1
    trace = signed_in("alice").get(f"/api/traces/{Trace.objects.get(external_id='t1').pk}/").data
    assert [step["text"] for step in trace["steps"]] == TRACE["steps"]
    assert trace["problem"]["reference_answer"] == "2"
    assert (trace["outcome"], trace["source_model"]) == (None, None)


def test_other_formats_come_in_by_name_or_found_out(project):
    row = {"prompt": "1 + 1?", "completions": ["Add. It is 2."], "labels": [True]}

    found = post("/api/projects/sums/traces/?read_as=auto&rater=key&rater_kind=gold", row)
    mapped = post(
        "/api/projects/sums/traces/?read_as=table&map=problem=q&map=text=a&split=sentence",
        {"q": "?", "a": "One. Two."},
    )

    assert (found.data["format"], found.data["created"], found.data["labels"]) == ("trl_stepwise", 1, 1)
    assert (Label.objects.get().rater.name, Label.objects.get().rater.kind) == ("key", RaterKind.GOLD)
    assert mapped.data["created"] == 1
    assert Trace.objects.filter(n_steps=2).count() == 1


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("read_as=word", "read_as"),
        ("split=lines&read_as=processbench", "split"),
        ("map=problem&read_as=table", "map"),
        ("split=words", "split"),
        ("counts_from=2", "counts_from"),
    ],
)
def test_options_that_say_nothing_are_refused_by_name(project, query, place):
    answer = post(f"/api/projects/sums/traces/?{query}", TRACE)

    assert answer.status_code == 400
    assert place in str(answer.data)


def test_lines_are_taken_too_and_a_bad_one_is_located(project):
    lines = "\n".join([json.dumps(TRACE), json.dumps({"id": "t2", "problem": {"text": "?"}, "steps": []})])

    answer = signed_in("alice").post(
        "/api/projects/sums/traces/", lines.encode(), content_type="application/x-ndjson"
    )

    assert (answer.data["created"], answer.data["rejected"]) == (1, 1)
    assert answer.data["errors"][0]["line"] == 2
    assert answer.data["errors"][0]["field"] == "steps"


def test_a_strict_ingest_with_a_bad_row_writes_nothing(project):
    answer = post("/api/projects/sums/traces/?is_strict=true", [TRACE, {"id": "t2"}])

    assert answer.data["is_written"] is False
    assert not Trace.objects.exists()


@pytest.mark.parametrize(
    ("body", "kind"),
    [(b"", "application/json"), (b"{", "application/json"), (b'{"id": "\xff"}', "application/json")],
)
def test_a_body_without_a_row_in_it_is_400_and_never_500(project, body, kind):
    answer = signed_in("alice").post("/api/projects/sums/traces/", body, content_type=kind)

    assert answer.status_code == 400


def test_a_body_past_the_limit_is_refused(project, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 20

    answer = post("/api/projects/sums/traces/", TRACE)

    assert answer.status_code == 400
    assert "larger than" in answer.data["detail"]


def test_labels_made_elsewhere_come_in_as_csv(project):
    post("/api/projects/sums/traces/", TRACE)
    table = b"trace,step,rater,rater_kind,criterion,value\nt1,0,ann,person,verdict,good\n"

    answer = signed_in("alice").post("/api/projects/sums/labels/", table, content_type="text/csv")

    assert answer.data["created"] == 1
    assert Label.objects.get().rater.name == "ann"


def test_labels_of_a_trace_are_filtered(project):
    trace = a_trace(project)
    judge, ann = a_rater(project, RaterKind.JUDGE, "judge/one@v1"), a_rater(project, name="ann")
    first, second, _ = trace.steps.all()
    for rater, step, value in ((judge, first, "good"), (ann, first, "bad"), (ann, second, "good")):
        a_label(rater, step, value)
    a_label(ann, trace.steps.all()[2], "bad", is_live=False)
    alice, address = signed_in("alice"), f"/api/traces/{trace.pk}/labels/"

    def values(query: str) -> list[tuple[str, int, str]]:
        return [
            (row["rater"], row["step"], row["value"]) for row in alice.get(address + query).data["results"]
        ]

    assert len(values("")) == 3
    assert values("?rater_kind=judge") == [("judge/one@v1", 0, "good")]
    assert values("?rater=ann&step=1") == [("ann", 1, "good")]
    assert values("?is_live=false") == [("ann", 2, "bad")]
    assert alice.get(f"{address}?step=first").status_code == 400


@pytest.mark.parametrize("address", ["/api/traces/{trace}/labels/", "/api/labels/{label}/"])
def test_who_reads_what_others_said_is_not_blind_any_more(project, address):
    trace = a_trace(project)
    label = a_label(a_rater(project, RaterKind.JUDGE, "judge/one@v1"), trace.steps.all()[0], "good")
    signed_in("alice").get("/api/projects/sums/traces/")
    assert not Reveal.objects.exists()
    for _ in range(2):
        assert signed_in("alice").get(address.format(trace=trace.pk, label=label.pk)).status_code == 200
    assert [(seen.person.username, seen.trace) for seen in Reveal.objects.all()] == [("alice", trace)]


def test_a_run_on_a_model_the_operator_did_not_name_is_refused(project, sent, settings):
    a_trace(project)
    settings.PEOPLE_MAY_USE = ["openai:http://llm:8000/v1*"]
    body = {"strategy": "rollout/scan", "backend": "transformers:/etc"}

    answer = post("/api/projects/sums/runs/", body)

    assert (answer.status_code, answer.data["field"]) == (400, "backend")
    assert not sent


def test_a_judge_brings_its_calibration_along(project, sent):
    a_trace(project)
    folder = REPOSITORY / "fixtures" / "models" / "judge"
    body = {"strategy": "judge/likelihood", "backend": f"transformers:{folder}"}

    answer = post("/api/projects/sums/runs/", body)

    held = json.loads((folder / "likelihood.json").read_text())
    assert answer.status_code == 201
    assert Run.objects.get(name="judge/likelihood").settings["slope"] == held["slope"]


def test_a_run_is_opened_sent_cancelled_and_retried(project, sent, django_capture_on_commit_callbacks):
    a_trace(project)

    with django_capture_on_commit_callbacks(execute=True):
        opened = post("/api/projects/sums/runs/", {"strategy": "verifier/arithmetic"})
    run = opened.data["id"]
    cancelled = post(f"/api/runs/{run}/cancel/")
    with django_capture_on_commit_callbacks(execute=True):
        retried = post(f"/api/runs/{run}/retry/")

    assert opened.status_code == 201
    assert [wanted["run_id"] for wanted in sent] == [run, run]
    assert cancelled.data["state"] == RunState.CANCELLED
    assert retried.data == {"retried": 1}
    progress = signed_in("alice").get(f"/api/runs/{run}/").data["progress"]
    assert (progress["total"], progress["pending"], progress["eta_seconds"]) == (1, 1, None)


def test_a_runs_budget_is_set_shown_and_raised(project, sent):
    a_trace(project)

    opened = post("/api/projects/sums/runs/", {"strategy": "verifier/arithmetic", "budget_tokens": 100})
    raised = post(f"/api/runs/{opened.data['id']}/budget/", {"budget_tokens": 200, "budget_completions": 5})
    refused = post(f"/api/runs/{opened.data['id']}/budget/", {"budget_tokens": 0})

    assert (opened.data["budget_tokens"], opened.data["budget_completions"]) == (100, None)
    assert (raised.data["budget_tokens"], raised.data["budget_completions"]) == (200, 5)
    assert refused.status_code == 400
    assert refused.data["field"] == "budget_tokens"
    progress = signed_in("alice").get(f"/api/runs/{opened.data['id']}/").data["progress"]
    assert (progress["budget_share"], progress["cost"], list(progress["crew"])) == (0.0, None, [])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"strategy": "verifier/arithmetic", "budget_completions": 0}, "budget_completions"),
        ({"strategy": "verifier/none"}, "strategy"),
        ({"strategy": "rollout/scan"}, "backend"),
        ({"strategy": "verifier/arithmetic", "criterion": "style"}, "criterion"),
    ],
)
def test_a_run_that_cannot_work_is_refused(project, body, field):
    a_trace(project)

    answer = post("/api/projects/sums/runs/", body)

    assert (answer.status_code, answer.data["field"]) == (400, field)
    assert not Run.objects.exists()


def test_consensus_and_release_are_handed_to_a_worker(project, sent, django_capture_on_commit_callbacks):
    a_trace(project)
    with django_capture_on_commit_callbacks(execute=True):
        decided = post("/api/projects/sums/consensus/", {"policy": "majority", "settings": {"min_votes": 2}})
        released = post("/api/projects/sums/releases/", {"format": "trl_stepwise"})

    assert decided.status_code == released.status_code == 202
    run = Run.objects.get(pk=decided.data["run"])
    assert (run.name, run.state, run.settings["min_votes"]) == ("majority", RunState.QUEUED, 2)
    assert [(wanted.get("run_id"), wanted.get("format")) for wanted in sent] == [
        (run.pk, None),
        (None, "trl_stepwise"),
    ]
    shown = signed_in("alice").get(f"/api/runs/{run.pk}/").data
    assert (shown["state"], shown["error"], shown["progress"]["note"]) == ("queued", None, None)
    assert signed_in("alice").get("/api/projects/sums/consensus/").data["results"] == []


def test_a_consensus_that_fails_says_why_and_one_that_waits_can_be_stopped(project, sent):
    a_trace(project)
    failed, stopped = (
        post("/api/projects/sums/consensus/", {"policy": "majority"}).data["run"] for _ in range(2)
    )
    held = take_up(failed)
    assert held is not None
    project.rubric = None
    project.save()
    held.project.refresh_from_db()
    with pytest.raises(Conflict):
        make_consensus(held)
    assert post(f"/api/runs/{stopped}/cancel/").data["state"] == "cancelled"

    alice = signed_in("alice")
    shown = alice.get(f"/api/runs/{failed}/").data
    assert (shown["state"], shown["progress"]["note"]) == ("failed", shown["error"])
    assert "no rubric" in shown["error"]
    listed = alice.get("/api/projects/sums/runs/").data["results"]
    assert [(one["id"], one["state"]) for one in listed] == [(stopped, "cancelled"), (failed, "failed")]
    assert post(f"/api/runs/{stopped}/cancel/").status_code == 409
    assert take_up(stopped) is None


@pytest.mark.parametrize(
    ("address", "body", "field"),
    [
        ("consensus", {"policy": "guess"}, "policy"),
        ("consensus", {"policy": "majority", "settings": {"min_votes": 0}}, "min_votes"),
        ("consensus", {"policy": "majority", "criterion": "style"}, "criterion"),
        ("releases", {"format": "csv"}, "format"),
        ("releases", {"format": "trl_stepwise", "settings": {"neutral": "maybe"}}, "neutral"),
    ],
)
def test_settings_are_checked_before_a_worker_is_asked(project, sent, address, body, field):
    answer = post(f"/api/projects/sums/{address}/", body)

    assert (answer.status_code, answer.data["field"]) == (400, field)
    assert not sent


def test_the_question_to_decide_can_be_named(project, sent, django_capture_on_commit_callbacks):
    a_trace(project)
    with django_capture_on_commit_callbacks(execute=True):
        post("/api/projects/sums/consensus/", {"policy": "majority", "criterion": "recoverable"})

    assert Run.objects.get(pk=sent[0]["run_id"]).criterion.key == "recoverable"


def test_what_a_posterior_says_of_steps_is_read_and_chosen_by_tier(project):
    corpus = a_corpus(project)
    run = run_consensus(project, policy="posterior")
    alice = signed_in("alice")

    rows = alice.get(f"/api/runs/{run.pk}/decisions/?tier=A").data["results"]
    assert {row["tier"] for row in rows} == {"A"}
    assert all(0 <= row["risk"] <= 1 and 0 <= row["p_correct"] <= 1 for row in rows)
    assert alice.get(f"/api/runs/{run.pk}/decisions/?tier=E").status_code == 400
    told = alice.get(f"/api/runs/{run.pk}/").data
    assert told["summary"]["learned"]["n_others"] == len(corpus)
    drawn = run.audited.count()
    assert (told["audit"]["n_drawn"] == drawn) if drawn else told["audit"] is None


def test_consensus_about_nothing_is_refused_at_once(project, sent):
    answer = post("/api/projects/sums/consensus/", {"policy": "majority"})

    assert answer.status_code == 409
    assert not sent


def test_decisions_and_files_are_read_back(project, settings, tmp_path):
    settings.RELEASES_DIR = tmp_path
    trace = a_trace(project, n_steps=2)
    a_label(a_rater(project, name="ann"), trace.steps.first(), "good")
    run = run_consensus(project, policy="majority")
    release = build_release(project, folder=tmp_path, format="trl_stepwise")
    alice = signed_in("alice")

    decisions = alice.get(f"/api/runs/{run.pk}/decisions/").data["results"]
    assert [(row["step"], row["action"], row["value"], row["probability"]) for row in decisions] == [
        (0, "keep", "good", None),
        (1, "ask", None, None),
    ]
    assert alice.get("/api/projects/sums/consensus/").data["results"][0]["summary"]["funnel"][0]["steps"] == 2
    assert alice.get(f"/api/releases/{release.pk}/").data["state"] == "published"
    file = alice.get(f"/api/releases/{release.pk}/files/data/train.jsonl")
    assert json.loads(content_of_file(file))["labels"] == [True]
    assert alice.get(f"/api/releases/{release.pk}/files/../../secret").status_code == 404
    assert Release.objects.count() == 1


def test_an_estimate_that_cannot_be_made_is_null_with_its_reason(project):
    estimate = Estimate.objects.create(
        project=project,
        criterion=a_criterion(project),
        name="alpha",
        reason="one rater only",
        data_version="1",
    )

    row = signed_in("alice").get(f"/api/estimates/{estimate.pk}/").data

    assert (row["value"], row["low"], row["reason"], row["rater"]) == (None, None, "one rater only", None)


def test_the_gallery_is_listed_and_a_project_begins_with_one_of_it(project):
    listed = signed_in("bob").get("/api/presets/").data
    made = post("/api/projects/", {"name": "Loop", "preset": "prm800k"})
    later = post("/api/projects/sums/rubrics/", {"preset": "checklist"})

    assert [preset["key"] for preset in listed][:3] == ["prm-verdicts", "first-error", "prm800k"]
    rubric = signed_in("alice").get(f"/api/rubrics/{made.data['rubric']}/").data
    assert rubric["name"] == "PRM800K, phase 2"
    critique = next(one for one in rubric["criteria"] if one["key"] == "critique")
    assert (critique["condition"], critique["condition_levels"]) == ("verdict", ["bad"])
    assert (later.status_code, later.data["criteria"][1]["group"]) == (201, "quality")
    assert post("/api/projects/sums/rubrics/", {"preset": "none"}).status_code == 400
    neither = post("/api/projects/sums/rubrics/", {"name": "Neither"})
    assert (neither.status_code, list(neither.data)) == (400, ["criteria"])


def test_a_rubric_read_from_the_api_can_be_sent_back(project):
    made = post("/api/projects/sums/rubrics/", {"preset": "math-errors"}).data
    again = post("/api/projects/sums/rubrics/", made).data

    assert without_ids(again["criteria"]) == without_ids(made["criteria"])
    assert (again["guidelines"], again["version"]) == (made["guidelines"], 2)


def without_ids(criteria):
    return [{key: value for key, value in one.items() if key != "id"} for one in criteria]


def test_a_draft_is_made_rewritten_and_discarded_and_a_frozen_version_is_not(project):
    rubric = project.rubric
    a_label(a_rater(project), a_trace(project).steps.first(), "good")
    alice, as_json = signed_in("alice"), "application/json"

    draft = post(f"/api/rubrics/{rubric.pk}/draft/").data
    address = f"/api/rubrics/{draft['id']}/"
    kept = [draft["criteria"][0] | {"title": "Judgement"}]
    rewritten = alice.put(address, {"criteria": kept}, content_type=as_json).data
    refused = alice.put(f"/api/rubrics/{rubric.pk}/", {"criteria": kept}, content_type=as_json)

    assert (draft["version"], rewritten["criteria"][0]["title"]) == (2, "Judgement")
    assert rewritten["criteria"][0]["id"] == draft["criteria"][0]["id"]
    assert refused.status_code == 409
    assert signed_in("bob").put(address, {"criteria": kept}, content_type=as_json).status_code == 403
    assert signed_in("bob").delete(address).status_code == 403
    assert alice.delete(address).status_code == 204
    assert alice.delete(f"/api/rubrics/{rubric.pk}/").status_code == 409
    assert project.rubrics.get() == rubric


def test_a_question_that_cannot_be_asked_is_refused_by_its_place(project):
    level = {"key": "yes", "title": "Yes", "hotkey": "j"}
    criterion = {"key": "clear", "title": "Clear", "levels": [level]}

    refused = post("/api/projects/sums/rubrics/", {"name": "Clarity", "criteria": [criterion]})

    assert (refused.status_code, refused.data["field"]) == (400, "criteria[0].levels[0].hotkey")
    assert "uses the key j itself" in refused.data["detail"]


def test_labels_are_carried_over_to_another_version(project):
    a_label(a_rater(project), a_trace(project).steps.first(), "unsure")
    new = post("/api/projects/sums/rubrics/", {"preset": "first-error"}).data
    address, mapping = f"/api/rubrics/{new['id']}/carry/", {"verdict": {"levels": {"unsure": None}}}

    tried = post(address, {"is_dry_run": True}).data
    done = post(address, {"mapping": mapping}).data
    again = post(address, {})

    assert (tried["n_carried"], tried["questions"][0]["answers"]) == (
        1,
        [{"value": "unsure", "n": 1, "to": "unsure"}],
    )
    assert (done["n_carried"], done["n_aside"], done["incomplete"]) == (0, 1, [])
    assert again.status_code == 409
    stored = signed_in("alice").get(f"/api/rubrics/{new['id']}/").data
    assert stored["mapping"]["verdict"]["levels"]["unsure"] is None
    assert post(address, {}, name="bob").status_code == 403


def test_texts_to_be_rated_are_added_to_a_trace(project):
    trace = a_trace(project, n_steps=2)
    address = f"/api/traces/{trace.pk}/candidates/"
    given = [{"step": 1, "kind": "critique", "text": " It slips. ", "source_model": "judge-7b"}]

    added = post(address, {"candidates": given})
    again = post(address, {"candidates": given})
    listed = signed_in("alice").get(address).data["results"]
    refused = post(address, {"candidates": [*given, given[0] | {"step": 9}]})

    assert (added.data, again.data) == ({"created": 1, "unchanged": 0}, {"created": 0, "unchanged": 1})
    assert [(one["step"], one["kind"], one["text"], one["rater"]) for one in listed] == [
        (1, "critique", " It slips. ", None)
    ]
    assert (refused.status_code, refused.data["row"], refused.data["field"]) == (400, 2, "step")
    assert post(address, {"candidates": given}, name="bob").status_code == 403
    assert signed_in("bob").get(address).status_code == 403
