from __future__ import annotations

import pytest

from annotate.assign.actions import claim_next, fill_queue
from annotate.assign.contracts import Facts
from annotate.assign.ordering import get_policy
from annotate.assign.worth import borrow_worths, note_said, some_unheard
from annotate.consensus import valuing
from annotate.consensus.actions import run_consensus
from annotate.consensus.belief import belief_of
from annotate.consensus.evidence import Standing
from annotate.consensus.valuing import pace_of, value_unheard, worth_of
from annotate.enums import Outcome, RaterKind, RunState
from annotate.ingest.founding import create_from_preset, use_rubric
from annotate.models import Assignment, Audited, Project, Run, Trace, Turn
from annotate.prelabel.actions import finish_unit
from annotate.prelabel.contracts import Finding, Opinion
from annotate.stats.locate.routing import ASSUMED_PACE
from tests.annotate.assign.queues import a_queue, person, read_next, taken
from tests.factories import a_criterion, a_label, a_rater, a_trace

pytestmark = pytest.mark.django_db
STEPS = 3


def judged(project: Project, trace: Trace, *values: str, judge: str = "judge/one") -> None:
    rater = project.raters.filter(name=judge).first() or a_rater(project, RaterKind.JUDGE, judge)
    for step, value in zip(trace.steps.all(), values, strict=False):
        a_label(rater, step, value)


@pytest.fixture
def project() -> Project:
    """Four traces, three of which two judges agree on; on the third they differ. Bob and Carol label."""
    found = a_queue(n_traces=4, overlap=2, policy="value")
    Trace.objects.filter(project=found).update(outcome=Outcome.WRONG)
    for number, trace in enumerate(traces(found)):
        judged(found, trace, "good", "bad")
        judged(found, trace, *(("bad",) if number == 2 else ("good", "bad")), judge="judge/two")
    return found


def traces(project: Project) -> list[Trace]:
    return list(project.traces.order_by("pk"))


def worths_of(project: Project) -> list[float | None]:
    return list(Turn.objects.filter(project=project).order_by("trace").values_list("worth", flat=True))


def posterior(project: Project) -> Run:
    return run_consensus(project, policy="posterior", settings={"audit_share": 0})


def test_a_run_with_a_fit_says_what_each_trace_is_worth_and_the_queue_follows(project: Project) -> None:
    run = posterior(project)
    worths = worths_of(project)
    assert worths[2] == max(w for w in worths if w is not None)
    belief = belief_of(run, traces(project)[2])
    assert belief is not None
    assert worths[2] == pytest.approx(worth_of(run, belief, pace_of(project)))
    assert taken(project, person(project, "bob")).trace == traces(project)[2]


def test_what_a_person_says_changes_their_trace_without_a_new_run(project: Project) -> None:
    posterior(project)
    before = worths_of(project)
    bob, carol = person(project, "bob"), person(project, "carol")
    assert read_next(project, bob, "good", "bad").trace == traces(project)[2]
    assert [one.trace for one in some_unheard(project, 9)] == [traces(project)[2].pk]
    assert value_unheard(project) == 1
    after = worths_of(project)
    assert after[2] is not None
    assert before[2] is not None
    assert after[2] < before[2]
    assert [a for i, a in enumerate(after) if i != 2] == [b for i, b in enumerate(before) if i != 2]
    assert value_unheard(project) == 0
    turn = Turn.objects.get(trace=traces(project)[2])
    open_slots = Assignment.objects.filter(trace=traces(project)[2], state="open")
    assert {slot.position for slot in open_slots} == {turn.position}
    assert claim_next(project, carol) is not None


def test_what_comes_in_while_a_trace_is_heard_is_heard_the_next_time(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    posterior(project)
    bob = person(project, "bob")
    read_next(project, bob, "good", "bad")
    believed = valuing.belief_of

    def meanwhile(run: Run, trace: Trace, standing: Standing) -> object:
        found = believed(run, trace, standing)
        note_said([trace.pk])
        return found

    with monkeypatch.context() as patch:
        patch.setattr(valuing, "belief_of", meanwhile)
        patch.setattr(valuing, "AT_ONCE", 1)
        value_unheard(project)
    assert value_unheard(project) == 1
    assert value_unheard(project) == 0


@pytest.mark.django_db(transaction=True)
def test_a_machine_that_finishes_a_trace_is_heard(project: Project) -> None:
    posterior(project)
    trace = traces(project)[0]
    third = a_rater(project, RaterKind.JUDGE, "judge/three")
    run = Run.objects.create(
        project=project, kind="prelabel", name="judge/x", criterion=a_criterion(project), rater=third
    )
    unit = run.units.create(trace=trace, state=RunState.RUNNING, attempts=1)
    assert finish_unit(unit, Finding((Opinion(0, "bad"),)))
    assert [one.trace for one in some_unheard(project, 9)] == [trace.pk]


def test_traces_that_came_in_since_are_worked_out_too(project: Project) -> None:
    posterior(project)
    a_trace(project, n_steps=STEPS)
    fill_queue(project)
    assert worths_of(project)[-1] is None
    assert value_unheard(project) == 1
    assert worths_of(project)[-1] is not None


def test_many_at_once_are_read_together(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    posterior(project)
    known = worths_of(project)
    note_said(trace.pk for trace in traces(project))
    monkeypatch.setattr(valuing, "MANY", 4)
    assert value_unheard(project) == 4
    assert worths_of(project) == pytest.approx(known)
    assert some_unheard(project, 9) == []


def test_a_rule_without_a_fit_leaves_what_is_known_and_another_rubric_ends_it(project: Project) -> None:
    posterior(project)
    known = worths_of(project)
    run_consensus(project, policy="majority")
    assert worths_of(project) == known
    use_rubric(project, create_from_preset(project, "prm-verdicts"))
    project.refresh_from_db()
    assert value_unheard(project) == 0
    run_consensus(project, policy="majority")
    assert worths_of(project) == [None] * 4


def test_a_trace_drawn_to_be_read_stands_among_those_worth_reading_until_somebody_has(
    project: Project,
) -> None:
    run = posterior(project)
    drawn = traces(project)[0]
    Audited.objects.create(run=run, trace=drawn)
    own = worths_of(project)[0]
    borrow_worths(run, [drawn.pk])
    borrowed = worths_of(project)[0]
    assert borrowed in worths_of(project)[1:]
    note_said([drawn.pk])
    value_unheard(project)
    assert worths_of(project)[0] == borrowed
    bob = person(project, "bob")
    while read_next(project, bob, "good", "bad").trace != drawn:
        pass
    value_unheard(project)
    assert worths_of(project)[0] not in (borrowed, own)


def test_the_pace_is_the_readers_own_once_five_were_timed(project: Project) -> None:
    assert pace_of(project).seconds_per_step == ASSUMED_PACE
    assert pace_of(project).n_measured == 0
    bob, carol = person(project, "bob"), person(project, "carol")
    for reader in (bob, bob, bob, carol, carol):
        read_next(project, reader, "good", "bad", seconds=8)
    assert (pace_of(project).seconds_per_step, pace_of(project).n_measured) == (8, 5)


def test_worth_orders_by_what_an_hour_puts_right() -> None:
    rank = get_policy("value").rank
    ranks = [rank(Facts(trace=1, luck=0, worth=worth))[0] for worth in (200.0, 3.0, 1.0, 0.001, 1e-6)]
    assert ranks == sorted(ranks)
    assert len(set(ranks)) == 5
    assert rank(Facts(trace=1, luck=0, worth=0.0))[0] == 1
    # Nobody knows: behind what is known to be worth something, before what is known to be worth nothing.
    assert ranks[-1] < rank(Facts(trace=1, luck=0))[0] < 1
