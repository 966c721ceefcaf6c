"""The labelling page without a script: plain forms do all of it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from annotate.assign.actions import claim_next, fill_queue, rater_of
from annotate.consensus.actions import run_consensus
from annotate.enums import AssignmentState, CriterionKind, RaterKind, Role, Scope
from annotate.ingest.founding import create_rubric
from annotate.ingest.presets import GALLERY, PRM_VERDICTS, CriterionPreset, LevelPreset
from annotate.models import Assignment, Label, Project
from tests.annotate.assign.queues import a_gold_trace, a_queue
from tests.factories import a_candidate, a_criterion, a_label, a_person, a_project, a_rater, a_trace
from tests.webapp.views.clients import queries_of, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    project = a_project(slug="words", bob=Role.ANNOTATOR)
    for name in ("first", "second"):
        a_trace(project, external_id=name)
    fill_queue(project)
    return project


@pytest.fixture
def bob(project: Project) -> Client:
    return signed_in("bob")


@pytest.fixture
def held(project: Project) -> Assignment:
    assignment = claim_next(project, rater_of(project, a_person("bob")))
    assert assignment is not None
    return assignment


def filled(held: Assignment, *values: str, **more: str) -> dict[str, str]:
    """The form as a browser would send it with these levels chosen, step by step."""
    verdict = a_criterion(held.project)
    chosen = {f"answer-{verdict.pk}-{position}": value for position, value in enumerate(values) if value}
    return {"token": str(held.token), **chosen, **more}


def test_submitting_leads_to_the_next_trace_and_then_to_the_queue(bob: Client, held: Assignment) -> None:
    answer = bob.post(f"/assignments/{held.pk}/", filled(held, "good", "bad", "good", submit="1"))
    following = Assignment.objects.get(state=AssignmentState.HELD)
    assert answer["Location"] == f"/assignments/{following.pk}/"
    assert set(Label.objects.counted().values_list("step__position", "value")) == {
        (0, "good"),
        (1, "bad"),
        (2, "good"),
    }
    last = bob.post(f"/assignments/{following.pk}/", filled(following, "good", "good", "good", submit="1"))
    assert last["Location"] == "/projects/words/queue/"
    assert b"All labelled" in bob.get("/projects/words/queue/").content


def test_saving_keeps_answers_and_changes_only_what_changed(bob: Client, held: Assignment) -> None:
    verdict = a_criterion(held.project)
    note = {f"text-{verdict.pk}-0": "why not"}
    bob.post(f"/assignments/{held.pk}/", filled(held, "good", "bad", save="1", **note))
    bob.post(f"/assignments/{held.pk}/", filled(held, "good", "good", save="1", **note))
    assert Label.objects.count() == 3
    assert [label.text for label in Label.objects.live().order_by("step__position")] == ["why not", ""]
    page = bob.get(f"/assignments/{held.pk}/").content.decode()
    assert page.count(" checked") == 2
    assert "why not" in page


def test_submitting_too_early_names_the_step_and_keeps_the_rest(bob: Client, held: Assignment) -> None:
    answer = bob.post(f"/assignments/{held.pk}/", filled(held, "good", "", "bad", submit="1"))
    assert answer.status_code == 400
    assert b"Step 2 still needs an answer" in answer.content
    assert b'href="#step-1"' in answer.content
    assert Label.objects.live().count() == 2
    held.refresh_from_db()
    assert held.state == AssignmentState.HELD


def send(bob: Client, held: Assignment, *said: dict[str, Any], token: Any = None) -> Any:
    """What the page's script sends, and the answer."""
    body = {"token": held.token if token is None else token, "answers": list(said)}
    return bob.post(
        f"/assignments/{held.pk}/answers/",
        json.dumps(body),
        content_type="application/json",
        headers={"Accept": "application/json"},
    )


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"value": 1}, "value"),
        ({"value": "x" * 201}, "value"),
        ({"position": -1}, "position"),
        ({"position": True}, "position"),
        ({"criterion": None}, "criterion"),
        ({"seconds": "2"}, "seconds"),
        ({"seen": 1.5}, "seen"),
        ({"key": "k" * 41}, "key"),
    ],
)
def test_an_answer_of_the_wrong_kind_is_refused_by_its_row_and_field(
    bob: Client, held: Assignment, change: dict[str, Any], field: str
) -> None:
    good = {"criterion": a_criterion(held.project).pk, "position": 0, "value": "good"}
    answer = send(bob, held, good, {**good, "position": 1, **change})
    assert answer.status_code == 400
    assert (answer.json()["row"], answer.json()["field"]) == (2, field)
    assert not Label.objects.exists()


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"token": 1, "answers": 3}', '{"answers": []}'])
def test_a_request_of_another_shape_is_refused(bob: Client, held: Assignment, body: str) -> None:
    answer = bob.post(
        f"/assignments/{held.pk}/answers/",
        body,
        content_type="application/json",
        headers={"Accept": "application/json"},
    )
    assert answer.status_code == 400
    assert answer.json()["field"] in ("body", "answers", "token")


def test_one_answer_that_does_not_fit_stops_no_other(bob: Client, held: Assignment) -> None:
    verdict = a_criterion(held.project).pk
    answer = send(
        bob,
        held,
        {"criterion": verdict, "position": 0, "value": "splendid"},
        {"criterion": verdict, "position": 99, "value": "good"},
        {"criterion": 0, "position": 0, "value": "good"},
        {"criterion": verdict, "position": None, "value": "good"},
        {"criterion": verdict, "position": 1, "value": "good"},
    )
    *refused, taken = answer.json()["answers"]
    assert [one["field"] for one in refused] == ["value", "position", "criterion", "step"]
    assert taken == {"id": Label.objects.get().pk}


def test_a_lease_that_is_not_ones_own_writes_nothing(bob: Client, held: Assignment) -> None:
    said = {"criterion": a_criterion(held.project).pk, "position": 0, "value": "good"}
    assert send(bob, held, said, token=999).status_code == 409
    assert not Label.objects.exists()


def test_an_answer_is_saved_and_taken_back(bob: Client, held: Assignment) -> None:
    said = {"criterion": a_criterion(held.project).pk, "position": 1, "value": "bad", "seconds": 3.2}
    [saved] = send(bob, held, said).json()["answers"]
    label = Label.objects.live().get(pk=saved["id"])
    assert (label.step and label.step.position, label.value, label.seconds) == (1, "bad", 3.2)
    send(bob, held, {**said, "value": "", "is_cleared": True})
    assert not Label.objects.live().exists()


def test_what_another_window_wrote_is_not_written_over_unseen(bob: Client, held: Assignment) -> None:
    said = {"criterion": a_criterion(held.project).pk, "position": 1, "value": "bad", "seen": 0}
    [first] = send(bob, held, said).json()["answers"]
    [conflict] = send(bob, held, {**said, "value": "good"}).json()["answers"]
    assert conflict == {"conflict": first["id"], "value": "bad", "text": ""}
    sheet = filled(held, "", "good", "", seen="0", save="1")
    page = bob.post(f"/assignments/{held.pk}/", sheet)
    assert page.status_code == 400
    assert b"Step 2 was answered otherwise in another window" in page.content
    assert Label.objects.get().value == "bad"
    [seen] = send(bob, held, {**said, "value": "good", "seen": first["id"]}).json()["answers"]
    assert Label.objects.live().get().pk == seen["id"]


def test_many_answers_cost_the_queries_of_one(bob: Client, held: Assignment) -> None:
    verdict = a_criterion(held.project).pk
    # The first freezes the rubric, which is kept in memory from the second on.
    for value in ("good", "bad", "good"):
        send(bob, held, {"criterion": verdict, "position": 0, "value": value})
    one = [{"criterion": verdict, "position": 0, "value": "bad"}]
    three = [{"criterion": verdict, "position": at, "value": "neutral"} for at in range(3)]
    with CaptureQueriesContext(connection) as for_one:
        send(bob, held, *one)
    with CaptureQueriesContext(connection) as for_three:
        send(bob, held, *three)
    assert len(for_three) == len(for_one)


def test_whoever_lost_the_lease_is_told_so(bob: Client, held: Assignment) -> None:
    bob.post(f"/assignments/{held.pk}/", filled(held, "good"))
    Assignment.objects.filter(pk=held.pk).update(held_until=timezone.now() - timedelta(seconds=1))
    claim_next(held.project, rater_of(held.project, a_person("carol")))
    answer = bob.post(f"/assignments/{held.pk}/", filled(held, "bad", submit="1"))
    assert answer.status_code == 409
    assert b"went to somebody else" in answer.content


def test_a_submitted_trace_is_shown_and_cannot_be_changed(bob: Client, held: Assignment) -> None:
    bob.post(f"/assignments/{held.pk}/", filled(held, "good", "good", "good", submit="1"))
    page = bob.get(f"/assignments/{held.pk}/").content.decode()
    assert "cannot be changed any more" in page
    assert "labelling.js" not in page
    late = bob.post(f"/assignments/{held.pk}/", filled(held, "bad", "good", "good", save="1"))
    assert late.status_code == 409
    assert not Label.objects.filter(value="bad").exists()


def test_what_others_said_and_the_reference_stay_hidden(bob: Client, held: Assignment) -> None:
    step = held.trace.steps.get(position=0)
    a_label(a_rater(held.project, name="omniscient"), step, "bad", text="the judge says so")
    page = bob.get(f"/assignments/{held.pk}/").content.decode()
    for secret in ("omniscient", "the judge says so", "Reference answer"):
        assert secret not in page
    Project.objects.filter(pk=held.project.pk).update(shows_reference=True)
    assert "Reference answer" in bob.get(f"/assignments/{held.pk}/").content.decode()


def test_the_raw_text_is_the_source(project: Project, bob: Client) -> None:
    trace = a_trace(project, texts=["**a** $x$ <b>\n"], external_id="raw")
    Assignment.objects.update(position=999)
    fill_queue(project)
    Assignment.objects.filter(trace=trace).update(position=0)
    held = claim_next(project, rater_of(project, a_person("bob")))
    assert held is not None
    page = bob.get(f"/assignments/{held.pk}/").content.decode()
    assert "<strong>a</strong>" in page
    assert "katex.min.js" in page
    raw = bob.get(f"/assignments/{held.pk}/?raw").content.decode()
    assert "**a** $x$ &lt;b&gt;" in raw
    assert "katex" not in raw


def test_words_and_tags_about_the_whole_trace_have_their_fields(project: Project, bob: Client) -> None:
    whole = CriterionPreset("why", "Why", "What went wrong?", (), scope=Scope.TRACE, kind=CriterionKind.TEXT)
    project.rubric = create_rubric(project, name="With words", criteria=[*PRM_VERDICTS, whole])
    project.save()
    held = claim_next(project, rater_of(project, a_person("bob")))
    assert held is not None
    assert "What went wrong?" in bob.get(f"/assignments/{held.pk}/").content.decode()
    why = a_criterion(project, "why")
    early = bob.post(f"/assignments/{held.pk}/", filled(held, "good", "good", "good", submit="1"))
    assert b"as a whole still needs an answer" in early.content
    words = {f"text-{why.pk}-trace": "Nothing."}
    bob.post(f"/assignments/{held.pk}/", filled(held, "good", "good", "good", submit="1", **words))
    assert Label.objects.counted().get(criterion=why).text == "Nothing."


def test_the_pages_queries_do_not_grow_with_the_steps(project: Project, bob: Client) -> None:
    counts = []
    for n_steps in (1, 30):
        trace = a_trace(project, n_steps=n_steps)
        Assignment.objects.filter(state=AssignmentState.OPEN).delete()
        fill_queue(project)
        Assignment.objects.filter(trace=trace).update(position=0)
        held = claim_next(project, rater_of(project, a_person("bob")))
        assert held is not None
        counts.append(queries_of(bob, f"/assignments/{held.pk}/"))
        Assignment.objects.all().delete()
    assert counts[0] == counts[1]


def asked(project: Project, *criteria: CriterionPreset) -> Assignment:
    project.rubric = create_rubric(project, name="Asked", criteria=criteria)
    project.save()
    held = claim_next(project, rater_of(project, a_person("bob")))
    assert held is not None
    return held


def test_an_error_answers_the_open_steps_before_it_where_the_question_says_so(
    project: Project, bob: Client
) -> None:
    verdict = replace(PRM_VERDICTS[0], fills_before_error=True, stops_at_first_error=True)
    held = asked(project, verdict)
    bob.post(f"/assignments/{held.pk}/", filled(held, "", "neutral", "bad", submit="1"))
    counted = Label.objects.counted().order_by("step__position")
    assert [(label.value, label.evidence) for label in counted] == [
        ("good", {"is_filled": True}),
        ("neutral", {}),
        ("bad", {}),
    ]


def test_severities_are_chosen_from_lists_and_come_back_chosen(project: Project, bob: Client) -> None:
    slips = CriterionPreset(
        "slips",
        "Slips",
        "",
        (LevelPreset("sign", "Sign"), LevelPreset("unit", "Unit")),
        kind=CriterionKind.TAGS,
        severities=("minor", "fatal"),
    )
    held = asked(project, slips)
    name = f"answer-{a_criterion(project, 'slips').pk}-0"
    bob.post(f"/assignments/{held.pk}/", {"token": held.token, name: ["", "unit:fatal"], "save": "1"})
    assert Label.objects.live().get().value == "unit:fatal"
    assert 'value="unit:fatal" selected' in bob.get(f"/assignments/{held.pk}/").content.decode()


def test_a_correction_starts_from_the_step_and_is_no_answer_until_it_differs(
    project: Project, bob: Client
) -> None:
    rewrite = CriterionPreset("rewrite", "Rewrite", "", (), kind=CriterionKind.CORRECTION, is_optional=True)
    held = asked(project, rewrite)
    step = held.trace.steps.get(position=0)
    assert f"{step.body}</textarea>" in bob.get(f"/assignments/{held.pk}/").content.decode()
    name = f"text-{a_criterion(project, 'rewrite').pk}-0"
    bob.post(f"/assignments/{held.pk}/", {"token": held.token, name: step.body, "save": "1"})
    assert not Label.objects.exists()
    bob.post(f"/assignments/{held.pk}/", {"token": held.token, name: "Better.\r\nNow.", "save": "1"})
    assert Label.objects.live().get().text == "Better.\nNow."
    bob.post(f"/assignments/{held.pk}/", {"token": held.token, name: "Better.\r\nNow.", "save": "1"})
    assert Label.objects.count() == 1


def test_a_page_without_script_says_where_a_question_is_asked(project: Project, bob: Client) -> None:
    why = CriterionPreset(
        "why", "Why", "", (), kind=CriterionKind.TEXT, condition="verdict", condition_levels=("bad", "unsure")
    )
    held = asked(project, *PRM_VERDICTS, why)
    assert "Only where Verdict is Bad or Unsure" in bob.get(f"/assignments/{held.pk}/").content.decode()
    early = bob.post(f"/assignments/{held.pk}/", filled(held, "good", "bad", "good", submit="1"))
    assert b"Step 2 still needs an answer (Why)" in early.content
    words = {f"text-{a_criterion(project, 'why').pk}-1": "It slips."}
    bob.post(f"/assignments/{held.pk}/", filled(held, "good", "bad", "good", submit="1", **words))
    assert Label.objects.counted().count() == 4


def test_the_sum_of_a_group_stands_below_its_questions(project: Project, bob: Client) -> None:
    yes_no = (LevelPreset("yes", "Yes", score=1.0), LevelPreset("no", "No", score=0.0))
    whole = Scope.TRACE
    held = asked(
        project,
        CriterionPreset("all", "Quality", "", (), scope=whole, kind=CriterionKind.GROUP),
        CriterionPreset("sound", "Sound", "", yes_no, scope=whole, parent="all", weight=3.0),
        CriterionPreset("brief", "Brief", "", yes_no, scope=whole, parent="all"),
    )
    assert b"nothing known yet" in bob.get(f"/assignments/{held.pk}/").content
    for key, value in (("sound", "yes"), ("brief", "no")):
        name = f"answer-{a_criterion(project, key).pk}-trace"
        bob.post(f"/assignments/{held.pk}/", {"token": held.token, name: value, "save": "1"})
    page = bob.get(f"/assignments/{held.pk}/").content.decode()
    assert "0.75" in page
    assert "2 of 2 known" in page
    bob.post(f"/assignments/{held.pk}/", {"token": held.token, "submit": "1"})
    trace = signed_in("alice").get(f"/traces/{held.trace_id}/").content.decode()
    assert "What the answers of bob come to" in trace
    assert "0.75" in trace


def test_feedback_on_a_known_answer_is_private_and_only_where_the_project_gives_it(bob: Client) -> None:
    project = a_queue(n_traces=4, gold_rate=0.5, gold_feedback=True)
    a_gold_trace(project, "gold", ("good", "good", "bad"))
    path, said = bob.post(f"/projects/{project.slug}/queue/")["Location"], []
    for _ in range(2):
        now = Assignment.objects.get(state=AssignmentState.HELD)
        done = bob.post(path, filled(now, "good", "good", "good", submit="1"), follow=True)
        path = done.redirect_chain[-1][0]
        said.append("67% of your answers are those of the key" in done.content.decode())
    assert sorted(said) == [False, True]


def test_candidates_are_read_rated_and_picked_with_a_plain_form(project: Project, bob: Client) -> None:
    held = asked(project, *GALLERY["prm800k-walk"].criteria)
    steps = list(held.trace.steps.all())
    one = a_candidate(steps[0], "<b>bold</b> way", source_model="secret-model")
    two = a_candidate(steps[0], "Second way")
    page = bob.get(f"/assignments/{held.pk}/").content.decode()
    assert "Second way" in page
    assert "<b>bold" not in page
    assert "secret-model" not in page
    rating, pick = (a_criterion(project, key).pk for key in ("alternative-verdict", "pick"))
    form = filled(held, "bad", "good", "good", submit="1") | {f"answer-{rating}-c{one.pk}": "bad"}
    early = bob.post(f"/assignments/{held.pk}/", form)
    assert b"Step 1 still needs an answer (Alternatives)" in early.content
    form |= {f"answer-{rating}-c{two.pk}": "good", f"answer-{pick}-0": "own", f"text-{pick}-0": "Better."}
    bob.post(f"/assignments/{held.pk}/", form)
    counted = Label.objects.counted()
    assert counted.get(criterion=pick).text == "Better."
    assert set(counted.filter(criterion=rating).values_list("candidate", "value")) == {
        (one.pk, "bad"),
        (two.pk, "good"),
    }
    trace = signed_in("alice").get(f"/traces/{held.trace_id}/").content.decode()
    assert "About alternative 2" in trace
    assert "&lt;b&gt;bold" in trace
    assert "The trace as a whole" not in trace


def test_a_candidate_is_rated_by_the_script_and_one_of_another_trace_is_no_target(
    project: Project, bob: Client
) -> None:
    held = asked(project, *GALLERY["next-step"].criteria)
    own, other = (a_candidate(trace.steps.first()) for trace in (held.trace, a_trace(project)))
    comparison = a_criterion(project, "comparison").pk
    rating = {"criterion": comparison, "position": None, "value": "better"}
    taken, refused = send(bob, held, rating | {"candidate": own.pk}, rating | {"candidate": other.pk}).json()[
        "answers"
    ]
    assert refused["field"] == "candidate"
    label = Label.objects.get()
    assert (label.pk, label.candidate, label.trace, label.step) == (taken["id"], own, None, None)


def test_pieces_of_a_long_page_are_together_what_the_whole_page_has(project: Project, bob: Client) -> None:
    trace = a_trace(project, n_steps=90)
    Assignment.objects.filter(state=AssignmentState.OPEN).delete()
    fill_queue(project)
    Assignment.objects.filter(trace=trace).update(position=0)
    held = asked(project, *GALLERY["prm800k-walk"].criteria)
    path = f"/assignments/{held.pk}/"
    steps = list(trace.steps.order_by("position"))
    one, other = a_candidate(steps[45], "Another way"), a_candidate(steps[3], "And another")
    rating, verdict = (a_criterion(project, key).pk for key in ("alternative-verdict", "verdict"))
    fresh = queries_of(bob, f"{path}steps/?from=40&boundary=1")
    form = {"token": held.token, "seen": "0", "boundary": "1"}
    form |= {f"answer-{verdict}-{place}": "bad" for place in (2, 39, 40, 85)}
    form |= {f"answer-{rating}-c{one.pk}": "bad", f"answer-{rating}-c{other.pk}": "good"}
    assert bob.post(path, form).status_code == 302
    assert Label.objects.live().count() == 6
    whole = bob.get(f"{path}?whole").content.decode()
    pieces = [bob.get(f"{path}steps/?from={start}&boundary=1").content.decode() for start in (0, 40, 80)]
    assert [piece.count("data-position=") for piece in pieces] == [40, 40, 10]
    for piece in pieces:
        assert piece in whole
    assert sum(piece.count(" checked") for piece in pieces) == whole.count(" checked") >= 6
    assert queries_of(bob, f"{path}steps/?from=40&boundary=1") <= fresh + 1
    for beyond in (90, 10**30):
        assert bob.get(f"{path}steps/?from={beyond}&boundary=1").content == b""


def machines_that_differ(project: Project) -> None:
    """Two judges of the first trace, and Carol, who has read it; then a fit."""
    trace = project.traces.get(external_id="first")
    readers = [
        (a_rater(project, RaterKind.JUDGE, "judge/one"), ("bad",)),
        (a_rater(project, RaterKind.JUDGE, "judge/two"), ("good", "bad")),
        (a_rater(project, name="carol"), ("good", "good", "bad")),
    ]
    for rater, values in readers:
        for step, value in zip(trace.steps.all(), values, strict=False):
            a_label(rater, step, value)
    run_consensus(project, policy="posterior", settings={"audit_share": 0})


@pytest.mark.parametrize("reveals", [False, True])
def test_what_machines_differ_about_is_asked_after_committing_and_only_where_it_is_revealed(
    project: Project, held: Assignment, bob: Client, reveals: bool
) -> None:
    Project.objects.filter(pk=project.pk).update(reveals_prelabels=reveals)
    machines_that_differ(project)
    address = f"/assignments/{held.pk}/"
    asked = "Judges place the first error at step 1 and at step 2: is step 1 wrong?"
    assert "Judges place" not in bob.get(address).content.decode()
    bob.post(address, filled(held, "good", "good", "good", submit="1"))
    page = bob.get(address).content.decode()
    assert (asked in page) is reveals
    # Carol's word is nobody's but hers, in whatever sentence.
    assert "step 3:" not in page
    assert "reader" not in page.casefold().partition("what to look at")[2].partition("</section>")[0]
