from __future__ import annotations

import numpy as np
import pytest

from annotate.consensus.actions import run_consensus
from annotate.consensus.belief import PRIOR_NAME, ROLLOUTS_NAME, belief_of, beliefs_of, corpus_of
from annotate.enums import RaterKind
from annotate.models import Run
from tests.annotate.consensus.corpus import STEPS, read
from tests.factories import a_label, a_rater

pytestmark = pytest.mark.django_db


def test_what_is_believed_follows_from_the_stored_fit(project, corpus):
    run = run_consensus(project, policy="posterior")

    beliefs = [belief_of(Run.objects.get(pk=run.pk), trace) for trace, _ in corpus]

    stored = {d.step_id: d for d in run.consensus.all()}
    for belief, (trace, _) in zip(beliefs, corpus, strict=True):
        steps = list(trace.steps.values_list("pk", flat=True))
        assert belief.correct == pytest.approx([stored[pk].p_correct for pk in steps], abs=1e-9)
        assert belief.risk == pytest.approx([stored[pk].risk for pk in steps], abs=1e-9)
    right = sum(belief.best == error for belief, (_, error) in zip(beliefs, corpus, strict=True))
    assert right >= 36


def test_the_ledger_names_its_signals_and_adds_up(project, corpus):
    run = run_consensus(project, policy="posterior")

    belief = belief_of(run, corpus[0][0])

    assert {one.name for one in belief.signals()} == {PRIOR_NAME, ROLLOUTS_NAME, "judge/tiny@v1"}
    assert sum(one.share for one in belief.signals()) == pytest.approx(1)
    odds = np.sort(belief.posterior.probability)[-2:]
    assert sum(one.log_odds for one in belief.signals()) == pytest.approx(
        float(np.log(odds[1] / odds[0])), abs=1e-6
    )


def test_a_label_that_comes_in_moves_its_trace_at_once(project, corpus):
    run = run_consensus(project, policy="posterior")
    trace, _ = next((trace, error) for trace, error in corpus if error == 1)
    before = belief_of(run, trace)

    newcomer = a_rater(project, RaterKind.PERSON, "new")
    read(newcomer, trace, 2)
    after = belief_of(run, trace)

    assert after.raters[-1] == newcomer.pk
    assert after.posterior.probability[2] > before.posterior.probability[2]
    assert "new" in {one.name for one in after.signals()}
    assert run.consensus.filter(step__trace=trace).count() == STEPS


def test_a_reviewer_rules_places_out(project, corpus):
    run = run_consensus(project, policy="posterior")
    trace, _ = next((trace, error) for trace, error in corpus if error == 1)

    desk = a_rater(project, RaterKind.REVIEW, "review")
    a_label(desk, trace.steps.all()[1], "good")
    belief = belief_of(run, trace)

    assert belief.posterior.probability[1] == 0
    assert belief.posterior.probability.sum() == pytest.approx(1)


def test_all_traces_at_once_are_believed_as_each_alone(project, corpus):
    run = run_consensus(project, policy="posterior")

    found = corpus_of(run)
    alone = list(beliefs_of(run))

    assert found.traces.tolist() == [belief.trace for belief in alone] == [trace.pk for trace, _ in corpus]
    together = np.concatenate([belief.posterior.probability for belief in alone])
    assert found.posterior.probability == pytest.approx(together, abs=1e-12)


def test_other_policies_keep_no_fit(project, corpus):
    run = run_consensus(project, policy="lessons")

    assert belief_of(run, corpus[0][0]) is None
    assert corpus_of(run) is None
    assert list(beliefs_of(run)) == []
