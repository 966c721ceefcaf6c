from __future__ import annotations

import pytest

from annotate.enums import RaterKind
from annotate.label.actions import clear_label, save_label
from annotate.label.answers import Said
from annotate.label.decisions import decide
from annotate.label.discussion import send_back
from annotate.label.history import Event, Who, event_of, events_at, marks_of, own_labels
from annotate.label.review import review_of
from annotate.models import Project, Trace
from tests.annotate.label.desks import a_shared_project, answer, read, take
from tests.factories import a_criterion, a_label, a_person, a_rater

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return a_shared_project()


def events(trace: Trace, **look: object) -> list[Event]:
    return events_at(marks_of(trace, **look), review_of(trace))  # type: ignore[arg-type]


def told(trace: Trace, **look: object) -> list[tuple[str, int | None, str, str, str]]:
    return [(e.who, e.position, e.what, e.value, e.state) for e in events(trace, **look)]


def test_every_row_is_a_line_with_what_became_of_it(project):
    held = take(project, "bob")
    step, verdict = held.trace.steps.get(position=0), a_criterion(project)
    for value in ("good", "bad"):
        save_label(held, held.token, step=step, criterion=verdict, value=value)
    clear_label(held, held.token, step=step, criterion=verdict)
    save_label(held, held.token, step=step, criterion=verdict, value="neutral")
    assert told(held.trace) == [
        ("Reader A", 0, "answered", "good", "replaced"),
        ("Reader A", 0, "changed the answer", "bad", "taken back"),
        ("Reader A", 0, "took the answer back", "", ""),
        ("Reader A", 0, "answered", "neutral", "not submitted"),
    ]
    first, second, third, _ = events(held.trace)
    assert (first.superseded_by, second.superseded_by) == (second.label, third.label)


def test_decisions_and_sendings_back_stand_in_their_order_with_names_as_on_the_review_page(project):
    reading = read(project, "bob", "gb")
    read(project, "dora", "gg")
    carol = a_person("carol")
    send_back(reading, carol, [(None, "Again"), (1, "Here")])
    answer(take(project, "bob"), "gu")
    decide(reading.trace, carol, [Said(a_criterion(project).pk, 1, "good")])
    lines = told(reading.trace, position=1)
    assert lines[2:] == [
        ("carol", 1, "sent the reading of bob back", "", ""),
        ("bob", 1, "changed the answer", "unsure", "not submitted"),
        ("carol", 1, "decided", "good", ""),
    ]
    assert {who for who, *_ in told(reading.trace, position=0)} == {"Reader A", "Reader B"}
    whole = [line for line in told(reading.trace) if line[1] is None]
    assert whole[0][2].startswith("sent the reading of Reader ")


def test_the_look_can_be_narrowed(project):
    reading = read(project, "bob", "gb")
    trace = reading.trace
    a_label(a_rater(project, RaterKind.JUDGE, "judge/x@1"), trace.steps.get(position=0), "bad")
    send_back(reading, a_person("carol"), [(None, "Again")])
    assert [line[0] for line in told(trace, who=Who.MACHINES)] == ["judge/x@1"]
    assert [line[2] for line in told(trace, who=Who.PEOPLE)] == ["answered", "answered"]
    assert len(told(trace, who=Who.REVIEWERS)) == 1
    assert [line[4] for line in told(trace, who=Who.PEOPLE)] == ["sent back, not submitted again"] * 2
    assert len(told(trace, position=0)) == 2


def test_ones_own_history_is_ones_own(project):
    reading = read(project, "bob", "gb")
    read(project, "dora", "gg")
    decide(reading.trace, a_person("carol"), [Said(a_criterion(project).pk, 1, "good")])
    assert [event_of(one, "You").value for one in own_labels(project, a_person("bob"))] == ["bad", "good"]
    assert [event_of(one, "You").what for one in own_labels(project, a_person("carol"))] == ["decided"]
    assert not own_labels(project, a_person("alice")).exists()


def test_a_page_of_events_costs_the_same_for_one_line_and_four(project, django_assert_num_queries):
    reading = read(project, "bob", "gb")
    read(project, "dora", "gb")
    send_back(reading, a_person("carol"), [(None, "Again")])
    review, marks = review_of(reading.trace), marks_of(reading.trace)
    for some in (marks[-1:] + marks[:1], marks):
        with django_assert_num_queries(2):
            events_at(some, review)
