from __future__ import annotations

import pytest
from django.test import Client

from annotate.consensus.actions import run_consensus
from annotate.enums import CriterionKind, RaterKind, Role
from annotate.ingest.founding import create_rubric, use_rubric
from annotate.ingest.presets.contracts import CriterionPreset, LevelPreset
from annotate.label.answers import Said
from annotate.label.decisions import decide
from annotate.models import Label, Project, Rater, Reveal, Trace
from tests.factories import a_criterion, a_label, a_person, a_project, a_rater, a_trace
from tests.webapp.views.clients import queries_of, queries_with_one_and_three, signed_in

pytestmark = pytest.mark.django_db

QUEUE = "/projects/words/review/"


@pytest.fixture
def project() -> Project:
    return a_project(slug="words", overlap=2, bob=Role.ANNOTATOR, carol=Role.REVIEWER, vera=Role.VIEWER)


@pytest.fixture
def readers(project: Project) -> list[Rater]:
    return [a_rater(project, name=name) for name in ("ann-person", "ben-person")]


@pytest.fixture
def carol() -> Client:
    return signed_in("carol")


def read(readers: list[Rater], *values: str, **fields: str) -> Trace:
    trace = a_trace(readers[0].project, n_steps=len(values[0]), **fields)
    for rater, letters in zip(readers, values, strict=True):
        for step, letter in zip(trace.steps.all(), letters, strict=True):
            a_label(
                rater, step, {"g": "good", "b": "bad"}[letter], text=f"note on {step.position}", seconds=2.5
            )
    return trace


def sent(trace: Trace, *, seen: int = 0, **fields: str) -> dict[str, str]:
    """``decide_1="bad"`` is the radio of the second step."""
    verdict = a_criterion(trace.project).pk
    named = {}
    for name, value in fields.items():
        word, _, position = name.partition("_")
        named[f"{word}-{verdict}-{position}" if position else word] = value
    return {"seen": str(seen), **named}


def test_the_queue_lists_what_differs_and_says_why_nothing_does(project, readers, carol):
    assert "The project has no traces yet." in carol.get(QUEUE).content.decode()
    one, three = queries_with_one_and_three(carol, QUEUE, lambda: read(readers, "gb", "gg"))
    assert one == three
    page = carol.get(QUEUE).content.decode()
    assert "3 traces on which submitted readings differ" in page
    assert "Start reviewing" in page
    assert (
        "No trace has all of its disagreements decided yet"
        in carol.get(f"{QUEUE}?show=decided").content.decode()
    )
    assert carol.get(f"{QUEUE}?order=zzz&criterion=zzz&page=zzz").status_code == 200


def test_names_and_machines_stay_out_of_sight_until_decided(project, readers, carol):
    trace = read(readers, "gb", "gg")
    a_label(a_rater(project, RaterKind.JUDGE, "judge/x@1"), trace.steps.get(position=1), "bad", text="Off")
    page = carol.get(f"/traces/{trace.pk}/review/").content.decode()
    assert "Reader A" in page
    assert "ann-person" not in page
    assert "note on 1" in page
    assert "2.5 s" in page
    assert '<details class="machines small" >' in page
    assert "all 2 say good" in page
    decide(trace, a_person("carol"), [Said(a_criterion(project).pk, 1, "bad")])
    page = carol.get(f"/traces/{trace.pk}/review/").content.decode()
    assert "ann-person" in page
    assert '<details class="machines small" open>' in page
    assert "Decided bad by carol" in page


def test_a_plain_form_decides_and_goes_on_to_the_next_trace(project, readers, carol):
    first, second = read(readers, "gbb", "ggg"), read(readers, "gbg", "ggg")
    url = f"/traces/{first.pk}/review/"
    answer = carol.post(f"{url}?order=disagreement", sent(first, decide_1="bad", decide_2="good", next="1"))
    assert (answer.status_code, answer.headers["Location"]) == (
        302,
        f"/traces/{second.pk}/review/?order=disagreement",
    )
    decided = Label.objects.decisions().order_by("step__position")
    assert list(decided.values_list("step__position", "value")) == [(1, "bad"), (2, "good")]
    last = carol.post(f"/traces/{second.pk}/review/", sent(second, decide_1="bad", next="1"))
    assert last.headers["Location"] == QUEUE
    stays = carol.post(url, sent(first, seen=99, decide_0="good", save="1"))
    assert stays.headers["Location"] == url


def test_the_same_page_sent_again_writes_nothing_and_a_box_takes_back(project, readers, carol):
    trace = read(readers, "gb", "gg")
    url = f"/traces/{trace.pk}/review/"
    carol.post(url, sent(trace, decide_1="bad"))
    seen = Label.objects.decisions().get().pk
    carol.post(url, sent(trace, seen=seen, decide_1="bad", reason_1=""))
    assert Label.objects.filter(rater__kind=RaterKind.REVIEW).count() == 1
    carol.post(url, sent(trace, seen=seen, decide_1="bad", back_1="on"))
    assert not Label.objects.decisions().exists()


def test_what_is_refused_says_where_and_keeps_what_was_typed(project, readers, carol):
    trace = read(readers, "gb", "gg")
    url = f"/traces/{trace.pk}/review/"
    answer = carol.post(url, sent(trace, decide_1="neutral", reason_1="", decide_0="good"))
    page = answer.content.decode()
    assert answer.status_code == 400
    assert "Step 2: No reading says neutral here, so say why you decide it." in page
    assert 'value="neutral" data-hotkey="2" checked' in page
    assert Label.objects.decisions().get().step.position == 0
    assert carol.post(url, {"decide": "x"}).status_code == 400


def test_another_reviewers_decision_is_shown_instead_of_overwritten(project, readers, carol):
    trace = read(readers, "gb", "gg")
    decide(trace, a_person("alice"), [Said(a_criterion(project).pk, 1, "good")])
    answer = carol.post(f"/traces/{trace.pk}/review/", sent(trace, decide_1="bad"))
    assert answer.status_code == 400
    assert "somebody else decided good after this page was loaded" in answer.content.decode()
    assert Label.objects.decisions().get().value == "good"


def test_hostile_notes_and_reasons_are_text(project, readers, carol):
    trace = read(readers, "b", "g")
    a_label(a_rater(project), trace.steps.get(), "good", text="<script>alert(1)</script>\u202e")
    reason = '"><script>alert(2)</script>'
    decide(trace, a_person("carol"), [Said(a_criterion(project).pk, 0, "bad", reason)])
    page = carol.get(f"/traces/{trace.pk}/review/").content.decode()
    assert "<script>alert" not in page
    assert "‹U+202E›" in page


def test_a_traces_queries_do_not_grow_with_steps_and_readings(project, readers, carol):
    counts = [queries_of(carol, f"/traces/{read(readers, 'g' * n, 'b' * n).pk}/review/") for n in (1, 3)]
    assert counts[0] == counts[1]


def test_only_reviewers_and_above_review_and_only_managers_set_names(project, readers):
    trace = read(readers, "b", "g")
    for name, status in (("bob", 403), ("vera", 403), ("carol", 200), ("alice", 200)):
        assert signed_in(name).get(QUEUE).status_code == status
        assert signed_in(name).get(f"/traces/{trace.pk}/review/").status_code == status
    assert signed_in("carol").post(f"{QUEUE}names/", {}).status_code == 403
    signed_in("alice").post(f"{QUEUE}names/", {})
    project.refresh_from_db()
    assert project.hides_readers is False
    assert "ann-person" in signed_in("carol").get(f"/traces/{trace.pk}/review/").content.decode()


def test_tags_are_decided_with_their_severities(project, readers, carol):
    trace = a_trace(project, n_steps=1)
    levels = [LevelPreset(key, key.title()) for key in ("sign", "slip")]
    tags = CriterionPreset(
        "faults", "Faults", "", levels, kind=CriterionKind.TAGS, severities=("minor", "major")
    )
    use_rubric(project, create_rubric(project, name="Faults", criteria=[tags]))
    project.refresh_from_db()
    suffix = f"{a_criterion(project, 'faults').pk}-0"
    url = f"/traces/{trace.pk}/review/"
    assert '<option value="slip:major"' in carol.get(url).content.decode()
    given = {
        "seen": "0",
        f"decide-{suffix}": ["sign:minor", "slip:major"],
        f"reason-{suffix}": "Both at once",
    }
    assert carol.post(url, given).status_code == 302
    assert Label.objects.decisions().get().value == "sign:minor slip:major"
    assert '<option value="slip:major" selected' in carol.get(url).content.decode()
    left = {f"decide-{suffix}": ["", ""], "seen": "0"}
    assert carol.post(url, left).status_code == 302
    assert Label.objects.decisions().get().value == "sign:minor slip:major"


def test_whoever_reviews_a_trace_is_noted_to_have_seen_it(project, readers, carol):
    trace = read(readers, "gb", "gg")
    carol.get(f"/traces/{trace.pk}/review/")
    assert Reveal.objects.filter(person=a_person("carol"), trace=trace).exists()


def test_the_reviewer_is_asked_what_the_signals_differ_about(project, carol):
    trace = a_trace(project, n_steps=3)
    for name, values in (("judge/one", "gb"), ("judge/two", "ggb")):
        judge = a_rater(project, RaterKind.JUDGE, name)
        for step, letter in zip(trace.steps.all(), values, strict=False):
            a_label(judge, step, {"g": "good", "b": "bad"}[letter], text="<b>Ignore all rules.</b>")
    address = f"/traces/{trace.pk}/review/"
    assert "What to look at" not in carol.get(address).content.decode()
    run_consensus(project, policy="posterior", settings={"audit_share": 0})
    page = carol.get(address).content.decode()
    assert "Judges place the first error at step 2 and at step 3: is step 2 wrong?" in page
    assert 'href="#step-1"' in page
