"""A person reads traces: with the keyboard, offline, and after somebody else has taken the trace."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, expect

from annotate.assign.actions import claim_next, fill_queue, rater_of
from annotate.consensus.actions import run_consensus
from annotate.enums import RaterKind, Role
from annotate.models import Assignment, Label, Project, Trace
from tests.e2e.conftest import Watch
from tests.e2e.people import sign_in
from tests.factories import a_label, a_person, a_project, a_rater, a_trace

pytestmark = [pytest.mark.needs_chromium, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def project() -> Project:
    project = a_project(slug="words", bob=Role.ANNOTATOR, carol=Role.ANNOTATOR)
    a_trace(project, n_steps=8, external_id="first")
    a_trace(project, n_steps=3, external_id="second")
    fill_queue(project)
    return project


def open_first(page: Page, name: str = "bob") -> None:
    sign_in(page, name)
    page.goto("/projects/words/queue/")
    page.get_by_role("button", name="Start").press("Enter")
    expect(page).to_have_title("first · words")
    # The bar appears when the script listens.
    expect(page.locator(".bar")).to_be_visible()


def answers(*, of: str) -> list[str]:
    live = Label.objects.live().filter(rater__name=of).order_by("step__position")
    return list(live.values_list("value", flat=True))


def test_eight_steps_take_nine_keystrokes(project: Project, page: Page) -> None:
    open_first(page)
    for key in "11213411":
        page.keyboard.press(key)
    expect(page.locator(".bar-next")).to_contain_text("Enter submits")
    page.keyboard.press("Enter")
    expect(page).to_have_title("second · words")
    counted = Label.objects.counted().order_by("step__position")
    said = ["good", "good", "neutral", "good", "bad", "unsure", "good", "good"]
    assert list(counted.values_list("value", flat=True)) == said
    assert all(label.seconds is not None and not label.has_seen_prelabels for label in counted)


def test_moving_undoing_and_what_is_missing(project: Project, page: Page) -> None:
    open_first(page)
    page.keyboard.press("j")
    page.keyboard.press("3")
    expect(page.locator("#step-2")).to_have_class("step is-focused")
    page.keyboard.press("u")
    expect(page.locator("#step-1")).to_have_class("step is-focused")
    page.keyboard.press("k")
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    # Enter on an incomplete trace goes where an answer is missing, and submits nothing.
    expect(page.locator("#step-1")).to_have_class("step is-focused")
    expect(page.locator(".bar-next")).to_have_text("Step 2 of 8, 7 to answer")
    expect(page.locator(".save-state")).to_have_text("Saved")
    assert answers(of="bob") == ["good"]
    assert Label.objects.filter(value="bad", is_live=False).count() == 1


def test_skip_asks_first_and_typing_is_no_shortcut(project: Project, page: Page) -> None:
    open_first(page)
    page.keyboard.press("s")
    expect(page.locator("#skip-note")).to_be_focused()
    page.keyboard.type("1 picture is missing")
    page.get_by_role("button", name="Skip and take the next").press("Enter")
    expect(page).to_have_title("second · words")
    assert Assignment.objects.get(state="skipped").note == "1 picture is missing"
    assert not Label.objects.exists()


def test_a_note_travels_with_the_answer(project: Project, page: Page) -> None:
    open_first(page)
    page.keyboard.press("3")
    page.locator("#step-0 summary").click()
    page.locator("#step-0 textarea").fill("The sign is lost.")
    page.keyboard.press("Escape")
    expect(page.locator("#step-0")).to_be_focused()
    expect(page.locator(".save-state")).to_have_text("Saved")
    note = Label.objects.live().get()
    assert (note.value, note.text) == ("bad", "The sign is lost.")


def test_the_first_error_marks_what_is_before_it_and_is_undone_as_one(project: Project, page: Page) -> None:
    open_first(page)
    page.keyboard.press("2")
    for _ in range(3):
        page.keyboard.press("j")
    page.keyboard.press("f")
    expect(page.locator("#step-5")).to_have_class("step is-focused")
    expect(page.locator(".save-state")).to_have_text("Saved")
    assert answers(of="bob") == ["neutral", "good", "good", "good", "bad"]
    page.keyboard.press("u")
    expect(page.locator("#step-4")).to_have_class("step is-focused")
    expect(page.locator(".save-state")).to_have_text("Saved")
    assert answers(of="bob") == ["neutral"]


def test_keys_for_words_and_for_what_the_rubric_does_not_ask(project: Project, page: Page) -> None:
    open_first(page)
    page.keyboard.press("n")
    expect(page.locator("#step-0 textarea")).to_be_focused()
    page.keyboard.type("j and k are letters here")
    page.keyboard.press("Escape")
    page.keyboard.press("e")
    expect(page.locator("#spoken")).to_have_text("This rubric does not ask for that here")
    page.keyboard.press("1")
    expect(page.locator(".save-state")).to_have_text("Saved")
    assert Label.objects.live().get().text == "j and k are letters here"


def test_a_persons_own_keys(project: Project, page: Page, watch: Watch) -> None:
    sign_in(page, "bob")
    page.goto("/me/")
    page.get_by_label("Undo the last answer").fill("j")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".errorlist")).to_have_text("j is taken: Next step.")
    page.get_by_label("Next step", exact=True).fill("l")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".messages")).to_have_text("Saved.")
    page.goto("/projects/words/queue/")
    page.get_by_role("button", name="Start").press("Enter")
    expect(page.locator(".bar")).to_be_visible()
    page.keyboard.press("1")
    page.keyboard.press("l")
    expect(page.locator("#step-2")).to_have_class("step is-focused")
    page.keyboard.press("j")
    expect(page.locator("#step-0")).to_have_class("step is-focused")
    expect(page.locator(".save-state")).to_have_text("Saved")
    assert answers(of="bob") == []
    page.keyboard.press("?")
    expect(page.locator("#keys tr", has_text="Undo the last answer").locator("kbd")).to_have_text("j")
    # The refused form was a page with status 400, which the browser reports.
    watch.complaints[:] = [text for text in watch.complaints if "400" not in text]


def test_a_very_long_step_is_cut_and_searched(page: Page) -> None:
    project = a_project(slug="words", bob=Role.ANNOTATOR)
    long = "".join(f"Line {number} of the proof.\n\n" for number in range(200))
    a_trace(project, texts=["Short.\n\n", long, "The end.\n"], external_id="first")
    fill_queue(project)
    open_first(page)
    expect(page.locator(".is-cut")).to_have_count(1)
    page.keyboard.press("/")
    page.keyboard.type("line 180 of")
    expect(page.locator("#find output")).to_have_text("1 step")
    page.keyboard.press("Enter")
    expect(page.locator("#step-1")).to_have_class("step is-focused")
    expect(page.locator(".is-cut")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.locator("#find")).to_be_hidden()
    page.keyboard.press("o")
    expect(page.locator(".is-cut")).to_have_count(1)
    page.keyboard.press("1")
    expect(page.locator(".save-state")).to_have_text("Saved")
    assert answers(of="bob") == ["good"]


def test_a_hundred_labels_across_a_cut_of_the_network(
    page: Page, context: BrowserContext, watch: Watch
) -> None:
    """Half of them given while the network is away, with answers changed meanwhile: none lost, the last one stands."""
    project = a_project(slug="words", bob=Role.ANNOTATOR)
    a_trace(project, n_steps=100, external_id="first")
    fill_queue(project)
    open_first(page)
    said = [str(1 + (7 * step) % 3) for step in range(100)]
    for step, key in enumerate(said):
        if step == 30:
            expect(page.locator(".save-state")).to_have_text("Saved")
            context.set_offline(True)
        page.keyboard.press(key)
        if step == 50:
            page.keyboard.press("k")
            page.keyboard.press("4")
        if step == 80:
            expect(page.locator(".save-state")).to_have_text("Offline, 52 waiting")
            context.set_offline(False)
    expect(page.locator(".save-state")).to_have_text("Saved")
    levels = {"1": "good", "2": "neutral", "3": "bad", "4": "unsure"}
    wanted = [levels[key] for key in said]
    wanted[50] = "unsure"
    assert answers(of="bob") == wanted
    # In order: each row is newer than the one it follows, and the changed one superseded what it changed.
    rows = Label.objects.order_by("pk")
    assert [row.step.position for row in rows if row.step] == [*range(51), 50, *range(51, 100)]
    assert rows.get(value="unsure").supersedes is not None
    page.keyboard.press("Enter")
    expect(page).to_have_title("Queue · words")
    assert Label.objects.counted().count() == 100
    watch.complaints[:] = [text for text in watch.complaints if "ERR_INTERNET_DISCONNECTED" not in text]


def test_blind_first_then_what_machines_said_then_the_submission(project: Project, page: Page) -> None:
    Project.objects.filter(pk=project.pk).update(reveals_prelabels=True)
    judge = a_rater(project, RaterKind.JUDGE, "judge/careful")
    first = Trace.objects.get(external_id="first").steps.get(position=2)
    a_label(judge, first, "bad", distribution={"bad": 0.93, "good": 0.07}, text="<b>The sum is off.</b>")
    open_first(page)
    expect(page.get_by_text("judge/careful")).to_have_count(0)
    for key in "11111111":
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    expect(page.locator("#step-2 .machine-words")).to_contain_text("Bad 0.93 judge/careful")
    expect(page.locator(".minimap .is-disputed")).to_have_count(1)
    expect(page.locator(".column .message")).to_contain_text("Your answers are stored")
    page.locator("#step-2").click()
    page.keyboard.press("3")
    expect(page.locator(".save-state")).to_have_text("Saved")
    page.keyboard.press("Enter")
    expect(page).to_have_title("second · words")
    revised = Label.objects.counted().get(rater__name="bob", step__position=2)
    assert (revised.value, revised.has_seen_prelabels) == ("bad", True)
    assert revised.supersedes is not None
    assert (revised.supersedes.value, revised.supersedes.has_seen_prelabels) == ("good", False)


def test_what_machines_differ_about_is_asked_once_somebody_has_committed_themselves(
    project: Project, page: Page
) -> None:
    Project.objects.filter(pk=project.pk).update(reveals_prelabels=True)
    steps = list(Trace.objects.get(external_id="first").steps.all())
    for name, at in (("judge/one", 2), ("judge/two", 5)):
        judge = a_rater(project, RaterKind.JUDGE, name)
        for step in steps[: at + 1]:
            a_label(
                judge, step, "bad" if step.position == at else "good", text="<img src=x onerror=alert(1)>"
            )
    run_consensus(project, policy="posterior", settings={"audit_share": 0})
    open_first(page)
    expect(page.get_by_text("Judges place")).to_have_count(0)
    for key in "11111111":
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    asked = page.get_by_role("region", name="What to look at")
    expect(asked).to_contain_text("Judges place the first error at step 3 and at step 6: is step 3 wrong?")
    asked.get_by_role("link", name="Go to step 3").click()
    expect(page.locator("#step-2")).to_be_in_viewport()


def test_shortcuts_can_be_switched_off(project: Project, page: Page) -> None:
    bob = a_person("bob")
    bob.has_shortcuts = False
    bob.save()
    open_first(page)
    page.keyboard.press("1")
    page.keyboard.press("j")
    expect(page.locator("#step-0")).to_have_class("step is-focused")
    page.locator(".bar").get_by_role("button", name="Good").click()
    expect(page.locator(".save-state")).to_have_text("Saved")
    assert answers(of="bob") == ["good"]


def test_answers_given_offline_arrive_in_order(
    project: Project, page: Page, context: BrowserContext, watch: Watch
) -> None:
    open_first(page)
    context.set_offline(True)
    for key in "13u":
        page.keyboard.press(key)
    expect(page.locator(".save-state")).to_have_text("Offline, 3 waiting")
    assert not Label.objects.exists()
    context.set_offline(False)
    expect(page.locator(".save-state")).to_have_text("Saved")
    assert answers(of="bob") == ["good"]
    # The browser itself reports the failed requests; nothing else may be wrong.
    watch.complaints[:] = [text for text in watch.complaints if "ERR_INTERNET_DISCONNECTED" not in text]


def test_answers_that_waited_survive_a_closed_page(
    project: Project, page: Page, context: BrowserContext, watch: Watch
) -> None:
    open_first(page)
    address = page.url
    page.route("**/answers/", lambda route: route.abort())
    page.keyboard.press("1")
    expect(page.locator(".save-state")).to_have_text("Offline, 1 waiting")
    page.close(run_before_unload=False)
    watch.complaints[:] = [text for text in watch.complaints if "ERR_FAILED" not in text]
    again = context.new_page()
    # A page says "Saved" before it has looked what an earlier one left behind, which it does once keys work.
    with again.expect_response("**/answers/"):
        again.goto(address)
    expect(again.locator(".save-state")).to_have_text("Saved")
    assert answers(of="bob") == ["good"]


def test_two_windows_keep_both_answers_until_one_is_chosen(
    project: Project, page: Page, context: BrowserContext
) -> None:
    open_first(page)
    other = context.new_page()
    other.goto(page.url)
    expect(other.locator(".bar")).to_be_visible()
    other.keyboard.press("3")
    expect(other.locator(".save-state")).to_have_text("Saved")
    page.keyboard.press("1")
    expect(page.locator("#conflict")).to_contain_text("Step 1 was answered in another window")
    expect(page.locator("[data-side=there]")).to_have_text("Bad")
    expect(page.locator("[data-side=here]")).to_have_text("Good")
    assert answers(of="bob") == ["bad"]
    page.get_by_role("button", name="Keep the other one").click()
    expect(page.locator("#step-0 input:checked")).to_have_value("bad")
    assert answers(of="bob") == ["bad"]
    # What was seen may be changed: the next answer at this place is no conflict any more.
    page.keyboard.press("k")
    page.keyboard.press("2")
    expect(page.locator(".save-state")).to_have_text("Saved")
    assert answers(of="bob") == ["neutral"]


def test_an_undecided_conflict_survives_a_closed_page(
    project: Project, page: Page, context: BrowserContext
) -> None:
    open_first(page)
    other = context.new_page()
    other.goto(page.url)
    expect(other.locator(".bar")).to_be_visible()
    other.keyboard.press("3")
    expect(other.locator(".save-state")).to_have_text("Saved")
    page.keyboard.press("1")
    expect(page.locator("#conflict")).to_be_visible()
    page.close(run_before_unload=False)
    other.reload()
    expect(other.locator("[data-side=here]")).to_have_text("Good")
    # The state says "Saved" until the dialog's close is heard, so it is the answer that is waited for.
    with other.expect_response(lambda response: response.request.method == "POST"):
        other.get_by_role("button", name="Keep the one from here").click()
    expect(other.locator(".save-state")).to_have_text("Saved")
    assert answers(of="bob") == ["good"]


def test_a_lost_lease_is_said_and_nothing_is_written(project: Project, page: Page, watch: Watch) -> None:
    open_first(page)
    page.keyboard.press("1")
    expect(page.locator(".save-state")).to_have_text("Saved")
    Assignment.objects.filter(holder__name="bob").update(held_until=timezone.now() - timedelta(seconds=1))
    taken = claim_next(project, rater_of(project, a_person("carol")))
    assert taken is not None
    page.keyboard.press("3")
    expect(page.locator(".save-state")).to_contain_text("went to somebody else")
    assert answers(of="bob") == ["good"]
    watch.complaints[:] = [text for text in watch.complaints if "409" not in text]
