from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotate.consensus.actions import run_consensus
from annotate.consensus.registry import POLICIES, get_policy
from annotate.enums import Action, Outcome, RaterKind
from annotate.errors import Rejected
from annotate.models import Label, Project, Trace
from annotate.settings import build_settings
from tests.annotate.assign.queues import a_gold_trace, a_queue, person, read_next
from tests.factories import a_criterion, a_label, a_project, a_rater, a_trace

LEVELS = {"g": "good", "n": "neutral", "b": "bad", "u": "unsure"}


@pytest.mark.parametrize("name", sorted(POLICIES))
def test_every_policy_stands_by_its_name_and_says_what_it_does(name):
    policy = POLICIES[name]

    assert get_policy(name) is policy
    assert policy.title
    assert build_settings(policy.settings, {}) == policy.settings()
    keys = [reason.key for reason in policy.reasons]
    assert len(keys) == len(set(keys))
    assert {reason.action for reason in policy.reasons} >= {Action.KEEP, Action.ASK}
    # lost first, kept last, as the funnel tells it
    actions = [reason.action == Action.KEEP for reason in policy.reasons]
    assert actions == sorted(actions)


def test_an_unknown_policy_is_refused_by_name():
    with pytest.raises(Rejected, match="processbench"):
        get_policy("guess")


def say(project: Project, trace: Trace, kind: RaterKind, name: str, letters: str, key="verdict", **fields):
    rater = project.raters.filter(name=name).first() or a_rater(project, kind, name)
    for step, letter in zip(trace.steps.all(), letters, strict=True):
        if letter != "-":
            a_label(rater, step, LEVELS[letter], criterion_key=key, **fields)


@pytest.fixture
def project(db) -> Project:
    """Twelve traces, wrong at the second step, on which everybody agrees, with evidence of every kind, and gold."""
    project = a_project()
    for number in range(12):
        trace = a_trace(project, n_steps=3, outcome=Outcome.WRONG)
        for name in ("ann", "ben", "clo"):
            say(project, trace, RaterKind.PERSON, name, "gb-")
        votes = {"votes": [{"sample": n, "first_error": 1} for n in range(4)]}
        say(project, trace, RaterKind.JUDGE, "judge/one@v1", "gb-", evidence=votes)
        say(project, trace, RaterKind.VERIFIER, "verifier/sums@v1", "gbb")
        counts = {"hits": 8, "misses": 0, "self_confidence": 1.0, "self_confidence_n": 8}
        lost = counts | {"hits": 0, "misses": 8}
        say(project, trace, RaterKind.ROLLOUT, "rollout/denoise@v1", "g--", "recoverable", evidence=counts)
        say(project, trace, RaterKind.ROLLOUT, "rollout/denoise@v1", "-b-", "recoverable", evidence=lost)
        if number < 6:
            say(project, trace, RaterKind.GOLD, "gold/key", "gb-")
    return project


@pytest.mark.parametrize("name", sorted(POLICIES))
def test_every_policy_runs_from_the_registry(project, name):
    run = run_consensus(project, policy=name)

    decided = run.consensus.filter(step__trace=project.traces.first()).order_by("step__position")
    # to grounded a step that leads to refuted ones and a wrong answer has a negative value
    first = ("drop", "") if name == "grounded" else ("keep", "good")
    assert [(d.action, d.value) for d in decided[:2]] == [first, ("keep", "bad")]
    assert run.criterion.key == POLICIES[name].usual_criterion
    assert run.summary["version"] == POLICIES[name].version


@pytest.mark.django_db
def test_rollouts_are_refused_another_criterion_by_scan(project):
    with pytest.raises(Rejected) as refusal:
        run_consensus(project, policy="scan", criterion_key="verdict")
    assert refusal.value.field == "criterion"


@pytest.mark.django_db
def test_peoples_readings_of_gold_traces_tell_how_good_they_are():
    """They decide nothing and are in no evidence, but raters are measured by them."""
    project = a_queue(n_traces=6, gold_rate=0.5, exam_size=1)
    gold = a_gold_trace(project, "exam").pk, a_gold_trace(project, "gold").pk
    bob = person(project, "bob")
    for _ in range(8):
        read_next(project, bob)
    readings = Label.objects.counted().filter(rater=bob, step__trace__in=gold).count()

    run = run_consensus(project, policy="best_rater", settings={"min_gold": 1})

    kept = run.consensus.filter(action=Action.KEEP)
    assert readings
    assert kept.exists()
    assert f"of {readings} gold steps" in kept.first().explanation
    assert not kept.filter(step__trace__in=gold).exists()


@pytest.mark.django_db
@pytest.mark.parametrize("policy", ["dawid_skene", "weighted", "best_rater"])
def test_learning_costs_no_queries_per_trace(policy):
    # The first finds caches empty.
    n_asked = [queries_of_a_run(policy, n_traces) for n_traces in (1, 1, 3)]

    assert n_asked[1] == n_asked[2] <= 46


def queries_of_a_run(policy, n_traces):
    project = a_project()
    ann = a_rater(project, name="ann")
    for _ in range(n_traces):
        a_label(ann, a_trace(project).steps.first(), "good")
    with CaptureQueriesContext(connection) as asked:
        run_consensus(project, policy=policy)
    return len(asked)


@pytest.mark.django_db
def test_words_are_no_level_to_decide_between():
    project = a_project()
    a_label(a_rater(project, name="ann"), a_trace(project, n_steps=1).steps.get(), "", text="hm")

    run = run_consensus(project, policy="majority")

    assert run.consensus.get().reason == "no_label"
    assert a_criterion(project).key == "verdict"
