from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from annotate.assign.actions import claim_next, fill_queue, rater_of
from annotate.assign.manage.actions import read_also
from annotate.consensus import auditing
from annotate.consensus.actions import run_consensus
from annotate.consensus.auditing import audit_of
from annotate.enums import Action, AssignmentState, Purpose, RaterKind, Role
from annotate.ingest.founding import add_member
from annotate.models import Assignment, Audited, Rater, Run, Trace, Turn
from annotate.stats.locate.audit import audit_sample
from tests.factories import a_label, a_person, a_rater

pytestmark = pytest.mark.django_db


@pytest.fixture
def every(monkeypatch):
    """Every trace is drawn."""
    monkeypatch.setattr(auditing, "audit_sample", lambda n, *, share, seed: [True] * n)


def say(rater: Rater, trace: Trace, error: int) -> None:
    slot = Assignment.objects.filter(trace=trace, state=AssignmentState.OPEN).order_by("slot").first()
    slot.state, slot.holder, slot.finished_at = AssignmentState.SUBMITTED, rater, timezone.now()
    slot.save()
    for place, step in enumerate(trace.steps.all()):
        if error < 0 or place <= error:
            a_label(rater, step, "bad" if place == error else "good", assignment=slot)


def test_a_run_draws_by_a_lot_of_its_own_and_notes_no_more_than_how_many(project, corpus, monkeypatch):
    seeds = []

    def drawn(n, *, share, seed):
        seeds.append(seed)
        return audit_sample(n, share=share, seed=seed)

    monkeypatch.setattr(auditing, "audit_sample", drawn)
    run, other = (
        run_consensus(project, policy="posterior", settings={"audit_share": 0.05}) for _ in range(2)
    )

    noted = Run.objects.get(pk=run.pk).summary["audit"]
    kept = run.consensus.filter(action=Action.KEEP).count()
    assert noted == {"share": 0.05, "n": Audited.objects.filter(run=run).count(), "n_kept": kept}
    assert seeds[0] != seeds[1]
    assert other.pk != run.pk


def test_no_audit_where_none_is_wanted_and_for_policies_that_know_none(project, corpus):
    without = run_consensus(project, policy="posterior", settings={"audit_share": 0})
    other = run_consensus(project, policy="lessons")

    assert not Audited.objects.exists()
    assert audit_of(without) is audit_of(other) is None


def test_drawn_traces_get_a_slot_like_any_other(project, corpus, every):
    traces = [trace for trace, _ in corpus]
    fill_queue(project)
    ann = a_rater(project, RaterKind.PERSON, "ann")
    say(ann, traces[0], -1)

    run_consensus(project, policy="posterior")

    slots = Assignment.objects.filter(trace=traces[0])
    assert [(s.state, s.purpose, s.note) for s in slots.order_by("slot")] == [
        (AssignmentState.SUBMITTED, Purpose.WORK, ""),
        (AssignmentState.OPEN, Purpose.WORK, ""),
    ]
    assert slots.get(state=AssignmentState.OPEN).position == Turn.objects.get(trace=traces[0]).position
    # Somebody is still to read the others, so they need no slot besides.
    assert Assignment.objects.filter(trace__in=traces[1:]).count() == len(traces) - 1


def test_in_the_order_of_doubt_they_stand_among_the_doubted(project, corpus, monkeypatch):
    project.queue_rules = {**project.queue_rules, "policy": "value"}
    project.save()
    fill_queue(project)
    strict = {"keep_below": 0.001, "soft_below": 0.001}
    first = run_consensus(project, policy="posterior", settings={**strict, "audit_share": 0})
    asked = set(first.consensus.filter(action=Action.ASK).values_list("step__trace", flat=True))
    sure = next(trace.pk for trace, _ in corpus if trace.pk not in asked)
    monkeypatch.setattr(
        auditing, "audit_sample", lambda n, *, share, seed: [trace.pk == sure for trace, _ in corpus]
    )

    run_consensus(project, policy="posterior", settings=strict)

    values = dict(Turn.objects.filter(project=project).values_list("trace", "value"))
    assert values[sure] in {values[trace] for trace in asked}
    assert values[sure] > 0


def test_what_readers_find_is_the_error_of_what_was_kept(project, corpus, every):
    fill_queue(project)
    run = run_consensus(project, policy="posterior")
    ann = a_rater(project, RaterKind.PERSON, "ann")
    # Ann is always right, so what the run kept wrongly is what she finds.
    for trace, error in corpus:
        say(ann, trace, error)

    audit = audit_of(Run.objects.get(pk=run.pk))

    truth = {
        step.pk: (place, error) for trace, error in corpus for place, step in enumerate(trace.steps.all())
    }
    kept = run.consensus.filter(action=Action.KEEP)
    wrong = sum(
        0 <= truth[one.step_id][1] < truth[one.step_id][0]
        or (one.value == "bad") != (truth[one.step_id][0] == truth[one.step_id][1])
        for one in kept
    )
    assert (audit.n_drawn, audit.n_read, audit.n_kept) == (40, 40, kept.count())
    assert audit.estimate.error == pytest.approx(wrong / kept.count())
    assert audit.estimate.n_steps == kept.count()
    assert audit.as_json()["n_read"] == 40


def test_readings_of_before_the_draw_say_nothing_of_it(project, corpus, every):
    fill_queue(project)
    ann = a_rater(project, RaterKind.PERSON, "ann")
    for trace, error in corpus[:10]:
        say(ann, trace, error)

    audit = audit_of(run_consensus(project, policy="posterior"))

    assert (audit.n_read, audit.estimate.error, audit.estimate.reason) == (
        0,
        None,
        "no drawn trace has been read yet",
    )


def test_what_a_reader_left_open_is_counted_and_not_held_against_anything(project, corpus, every):
    fill_queue(project)
    run = run_consensus(project, policy="posterior")
    ann = a_rater(project, RaterKind.PERSON, "ann")
    trace = next(trace for trace, error in corpus if error < 0)
    slot = Assignment.objects.get(trace=trace)
    slot.state, slot.holder, slot.finished_at = (
        AssignmentState.SUBMITTED,
        ann,
        timezone.now() + timedelta(seconds=1),
    )
    slot.save()
    for step, level in zip(trace.steps.all(), ("good", "unsure", "good", "good"), strict=True):
        a_label(ann, step, level, assignment=slot)

    audit = audit_of(run)

    kept = run.consensus.filter(step__trace=trace, action=Action.KEEP).count()
    found = audit.estimate
    assert (audit.n_read, found.n_open, found.n_steps) == (1, 1, kept - 1)
    assert (found.error, found.least, found.low) == (0, 0, 0)
    assert found.most > found.high


def test_traces_apart_from_the_queue_are_not_drawn(project, corpus, every):
    fill_queue(project)
    withdrawn = corpus[0][0]
    Turn.objects.filter(trace=withdrawn).update(use=Purpose.WITHDRAWN)

    run = run_consensus(project, policy="posterior")

    assert not Audited.objects.filter(run=run, trace=withdrawn).exists()
    assert read_also(project, [withdrawn.pk]) == 0


def test_a_reader_is_handed_a_drawn_trace_as_any_other(project, corpus, every):
    fill_queue(project)
    run_consensus(project, policy="posterior")
    bob = a_person("bob")
    add_member(project, bob, Role.ANNOTATOR)

    held = claim_next(project, rater_of(project, bob))

    assert held is not None
    assert held.purpose == Purpose.WORK
