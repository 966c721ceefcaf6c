from __future__ import annotations

import pytest

from annotate.assign.actions import claim_next, fill_queue, rater_of, skip_assignment
from annotate.assign.policy import Standing
from annotate.assign.queries import queue_counts, queue_state, reader_progress
from annotate.enums import Role
from tests.factories import a_person, a_project, a_trace

pytestmark = pytest.mark.django_db


def test_queue_state_walks_from_no_traces_to_done() -> None:
    project = a_project(bob=Role.ANNOTATOR, carol=Role.REVIEWER)
    bob, carol = (rater_of(project, a_person(name)) for name in ("bob", "carol"))
    assert queue_state(project, bob).standing is Standing.NO_TRACES
    a_trace(project)
    assert queue_state(project, bob).standing is Standing.NOT_FILLED
    fill_queue(project)
    assert queue_state(project, None).standing is Standing.READY
    held = claim_next(project, bob)
    assert held is not None
    assert held.held_until is not None
    assert queue_state(project, bob).standing is Standing.HOLDING
    waiting = queue_state(project, carol)
    assert waiting.standing is Standing.HELD_BY_OTHERS
    assert waiting.next_free_at == held.held_until
    assert f"{held.held_until:%H:%M}" in waiting.explanation
    skip_assignment(held, held.token)
    assert queue_state(project, bob).standing is Standing.DONE_BY_YOU
    assert queue_state(project, carol).standing is Standing.READY


def test_queue_counts_do_not_want_skipped_slots() -> None:
    project = a_project(overlap=2)
    a_trace(project)
    fill_queue(project)
    held = claim_next(project, rater_of(project, a_person("bob")))
    assert held is not None
    skip_assignment(held, held.token)
    counts = queue_counts(project)
    assert (counts.open, counts.held, counts.submitted, counts.skipped, counts.wanted) == (2, 0, 0, 1, 2)
    assert [(r.name, r.submitted, r.skipped) for r in reader_progress(project)] == [("bob", 0, 1)]
