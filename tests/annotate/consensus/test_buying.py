from __future__ import annotations

import numpy as np
import pytest

from annotate.consensus.belief import belief_of, in_batches
from annotate.consensus.buying import Order, buy
from annotate.consensus.costs import Prices
from annotate.consensus.queries import consensus_runs
from annotate.consensus.spending import What, market_of, plan
from annotate.consensus.valuing import belief_now
from annotate.enums import AssignmentState, RaterKind
from annotate.errors import Rejected
from annotate.models import Assignment, Project, Rater, Run
from annotate.prelabel.rollout.places import PlacesSettings
from annotate.prelabel.runs.tasks import tasks_of
from tests.annotate.assign.queues import person, read_next
from tests.annotate.consensus.markets import a_machine, a_market, says
from tests.factories import a_project, a_rater, a_trace

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return a_market()


def machine(project: Project, kind: RaterKind) -> Rater:
    return project.raters.get(kind=kind)


def first_two(project: Project) -> list[int]:
    return list(project.traces.order_by("pk").values_list("pk", flat=True)[:2])


def test_rollouts_are_run_at_the_steps_that_were_chosen(project: Project) -> None:
    one, two = first_two(project)
    rater = machine(project, RaterKind.ROLLOUT)
    bought = buy(project, Order(What.ROLLOUTS, rater.pk, ((one, 1), (one, 2), (two, 0))))
    run = bought.run
    assert run is not None
    assert (run.name, run.backend, run.criterion.key) == (
        "rollout/places",
        rater.config["backend"],
        "recoverable",
    )
    assert PlacesSettings(**{**run.settings, "stop": tuple(run.settings["stop"])}).temperature == 0.8
    assert (run.settings["k"], run.settings["seed"], run.budget_completions) == (8, 1, 24)
    units = list(run.units.order_by("trace"))
    assert [unit.trace_id for unit in units] == [one, two]
    assert [sorted(task.places) for task in tasks_of(run, units)] == [[1, 2], [0]]
    again = buy(project, Order(What.ROLLOUTS, rater.pk, ((one, 1),))).run
    assert again is not None
    assert again.settings["seed"] == 2


def test_votes_are_drawn_anew_by_the_same_model_as_another_rater(project: Project) -> None:
    judge = machine(project, RaterKind.JUDGE)
    run = buy(project, Order(What.VOTES, judge.pk, tuple((pk, None) for pk in first_two(project)))).run
    assert run is not None
    assert (run.name, run.backend) == ("judge/critique", judge.config["backend"])
    assert run.rater != judge
    changed = {name for name, value in run.settings.items() if value != judge.config["settings"][name]}
    assert changed == {"seed", "votes", "min_votes", "temperature"}
    assert (run.settings["votes"], run.settings["temperature"], run.budget_completions) == (2, 0.7, 4)
    # Nobody audits the same judge twice.
    assert Run.objects.filter(rater=run.rater).count() == 1


def test_bought_votes_count_as_the_judges_own_before_the_next_run(project: Project) -> None:
    judge, trace = machine(project, RaterKind.JUDGE), project.traces.order_by("pk").first()
    consensus, before = consensus_runs(project).first(), belief_now(trace)
    run = buy(project, Order(What.VOTES, judge.pk, ((trace.pk, None),))).run
    other = a_machine(project, "judge/critique", votes=1, temperature=0.0, prompt="critique-paragraph@v1")
    stranger = a_rater(project, RaterKind.JUDGE, "judge/elsewhere")
    for rater in (run.rater, other, stranger):
        says(rater, trace, 1)

    belief = belief_of(consensus, trace)

    codes, model = belief.located.codes, belief.fit.model
    mine, bought, prompted, strange = (codes[one.pk] for one in (judge, run.rater, other, stranger))
    family = model.raters.family
    assert family[mine] == family[bought] == family[prompted] != family[strange]
    assert (model.shift[bought] == model.shift[mine]).all()
    assert not (model.shift[prompted] == model.shift[mine]).all()
    own = model.dependence.of(np.array([mine, mine]), np.array([mine, bought]))
    assert own[0] == own[1]
    (all_at_once,) = [one for located, one in in_batches(consensus, 100)]
    at = list(all_at_once.gathered.ids).index(trace.pk)
    assert all_at_once.posterior.of(at) == pytest.approx(belief.posterior.probability)
    assert belief.posterior.probability[1] > before.posterior.probability[1]


def test_people_get_one_more_reading_of_what_nobody_is_to_read(project: Project) -> None:
    one, two = first_two(project)
    bob = person(project, "bob")
    read = read_next(project, bob).trace_id
    bought = buy(project, Order(What.PERSON, None, ((one, None), (two, None))))
    assert (bought.run, bought.n_slots) == (None, int(read in (one, two)))
    waiting = Assignment.objects.filter(state=AssignmentState.OPEN).values_list("trace", flat=True)
    assert {one, two} <= set(waiting)


def test_a_plan_can_be_taken_as_it_stands(project: Project) -> None:
    market = market_of(project, Prices())
    assert market is not None
    for lot in plan(market.traces, 100.0):
        bought = buy(project, Order.of(lot))
        if lot.what is not What.PERSON:
            assert bought.run is not None
            assert bought.run.units.count() == len({one.trace for one in lot.offers})


@pytest.mark.parametrize(
    ("what", "places", "reason"),
    [
        ("rollouts", [], "name 1 to"),
        ("rollouts", [(-5, 1)], "no trace -5"),
        ("rollouts", [(0, None)], "no such step"),
        ("rollouts", [(0, 4)], "no such step"),
        ("rollouts", [(0, -1)], "no such step"),
        ("votes", [(-5, None)], "no trace -5"),
    ],
)
def test_what_the_project_does_not_have_is_refused(
    project: Project, what: str, places: list[tuple[int, int | None]], reason: str
) -> None:
    """Trace 0 stands for the project's first."""
    first = first_two(project)[0]
    kind = RaterKind.ROLLOUT if what == "rollouts" else RaterKind.JUDGE
    named = tuple((trace or first, step) for trace, step in places)
    with pytest.raises(Rejected, match=reason):
        buy(project, Order(What(what), machine(project, kind).pk, named))
    assert not project.runs.filter(name="rollout/places").exists()


def test_another_projects_traces_and_machines_are_nobodys_here(project: Project) -> None:
    other = a_project()
    theirs = a_trace(other, n_steps=5)
    judge = machine(project, RaterKind.JUDGE)
    with pytest.raises(Rejected, match="no trace"):
        buy(project, Order(What.VOTES, judge.pk, ((theirs.pk, None),)))
    for rater in (None, a_rater(other, RaterKind.JUDGE).pk, a_rater(project, RaterKind.JUDGE).pk):
        with pytest.raises(Rejected, match="no such machine"):
            buy(project, Order(What.VOTES, rater, ((first_two(project)[0], None),)))


def test_a_backend_that_may_not_be_used_is_refused(project: Project) -> None:
    judge = machine(project, RaterKind.JUDGE)
    with pytest.raises(Rejected, match="models people may use"):
        buy(project, Order(What.VOTES, judge.pk, ((first_two(project)[0], None),)), allowed_backends=())
