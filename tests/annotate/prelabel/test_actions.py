from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from annotate.enums import RunState, UnitState
from annotate.errors import Rejected
from annotate.models import Completion as CompletionRow
from annotate.models import Label, Project, Run, Unit
from annotate.prelabel import actions
from annotate.prelabel.contracts import (
    Answer,
    Completion,
    Finding,
    Message,
    Opinion,
    Request,
    Sampling,
    Silence,
    TokenScore,
)
from annotate.prelabel.queries import stored_completions
from tests.factories import a_person, a_project, a_trace

pytestmark = pytest.mark.django_db


def a_run(project: Project | None = None, *, n_traces: int = 1, **options: Any) -> Run:
    project = project or a_project()
    for _ in range(n_traces):
        a_trace(project)
    options.setdefault("strategy", "verifier/arithmetic")
    return actions.open_run(project, **options)


def claimed(run: Run, worker: str = "w1", limit: int = 10, **options: Any) -> list[Unit]:
    return actions.claim_units(run, worker, limit, **options)


def expire(*units: Unit) -> None:
    past = timezone.now() - timedelta(seconds=1)
    Unit.objects.filter(pk__in=[unit.pk for unit in units]).update(lease_until=past)


def live_values(run: Run) -> list[tuple[int, str]]:
    return list(
        Label.objects.live().filter(rater=run.rater).order_by("step").values_list("step__position", "value")
    )


def say(*values: str, **facts: Any) -> Finding:
    return Finding(tuple(Opinion(i, value, **facts) for i, value in enumerate(values) if value))


class TestClaim:
    def test_two_workers_never_hold_one_unit(self) -> None:
        run = a_run(n_traces=5)
        first, second = claimed(run, "w1", 3), claimed(run, "w2", 3)
        assert (len(first), len(second)) == (3, 2)
        assert {u.pk for u in first}.isdisjoint(u.pk for u in second)
        assert claimed(run, "w3") == []
        run.refresh_from_db()
        assert run.state == RunState.RUNNING

    def test_a_lost_lease_can_be_claimed_and_fences_the_first_holder_off(self) -> None:
        run = a_run()
        (slow,) = claimed(run, "w1")
        expire(slow)
        (fast,) = claimed(run, "w2")
        assert (slow.attempts, fast.attempts) == (1, 2)
        assert not actions.finish_unit(slow, say("bad"))
        assert not actions.fail_unit(slow, "too late")
        assert actions.release_units(run, [slow]) == 0
        assert not Label.objects.exists()
        assert actions.finish_unit(fast, say("good"))
        assert live_values(run) == [(0, "good")]

    def test_a_heartbeat_keeps_a_lease_and_says_what_is_still_held(self) -> None:
        run = a_run(n_traces=2)
        kept, lost = claimed(run, "w1", lease_seconds=1)
        expire(kept, lost)
        Unit.objects.filter(pk=lost.pk).update(worker="w2")
        assert actions.heartbeat([kept, lost], "w1") == {kept.pk}
        assert [unit.pk for unit in claimed(run, "w3")] == [lost.pk]

    def test_a_unit_that_takes_every_worker_with_it_is_given_up(self) -> None:
        run = a_run()
        for attempt in range(actions.MAX_ATTEMPTS):
            (unit,) = claimed(run, f"w{attempt}")
            expire(unit)
        assert claimed(run, "last") == []
        unit.refresh_from_db()
        assert unit.state == UnitState.FAILED
        assert "workers stopped while they held this trace" in unit.error
        assert actions.retry_failed(run) == 1
        assert len(claimed(run, "after the retry")) == 1

    def test_what_a_dead_worker_held_is_free_at_once_and_what_a_living_one_holds_is_not(self) -> None:
        run = a_run(n_traces=2)
        (left,) = claimed(run, "dead", limit=1)
        (kept,) = claimed(run, "alive", limit=1)
        assert actions.release_dead(run, lambda name: name == "dead") == 1
        (again,) = claimed(run, "next")
        assert (again.pk, again.attempts) == (left.pk, left.attempts + 1)
        assert not actions.finish_unit(left, Finding())
        assert actions.finish_unit(kept, Finding())

    def test_a_unit_that_kills_worker_after_worker_is_given_up_though_nobody_waits_for_leases(self) -> None:
        run = a_run()
        for attempt in range(actions.MAX_ATTEMPTS):
            (unit,) = claimed(run, f"w{attempt}")
            actions.release_dead(run, lambda _: True)
        unit.refresh_from_db()
        assert unit.state == UnitState.FAILED
        assert claimed(run, "last") == []


class TestCompletions:
    def an_answer(self, unit: Unit, text: str = "yes", sample: int = 0, **facts: Any) -> Answer:
        request = Request((Message("user", "?"),), sampling=Sampling(seed=3), about=1, purpose="test")
        return Answer(unit.pk, request, request.digest, Completion(text, "stop", sample, **facts))

    def test_what_is_read_back_is_what_the_strategy_was_shown(self) -> None:
        run = a_run()
        (unit,) = claimed(run)
        answer = self.an_answer(
            unit,
            text="a\x00b\ud800 é∑",
            logprob=-1 / 3,
            prompt_tokens=7,
            scores=(TokenScore(0, 1, -math.inf, -1e-17),),
            choices={"no\x00": -1 / 7, " yes": -math.inf, "b": math.nan},
            choice_source="tokens",
            model="m" * 400,
            revision="0f" * 20,
            server="vllm 0.11",
            seed=-(2**63),
            cost=1 / 3,
            error="\x00",
        )
        shown = actions.store_completions(run, [answer])
        stored = stored_completions(run, [answer.digest])
        # The order counts too: sums over the choices must come out the same, bit for bit.
        assert repr(stored) == repr(shown)
        (completion,) = shown.values()
        assert list(completion.choices) == [" yes", "b", "no\N{REPLACEMENT CHARACTER}"]
        assert completion.choices[" yes"] == -math.inf
        assert (completion.seed, completion.cost, completion.server) == (-(2**63), 1 / 3, "vllm 0.11")
        assert "\x00" not in completion.text
        assert completion.scores == answer.completion.scores
        assert completion.logprob == -1 / 3

    def test_what_no_column_takes_is_stored_as_unknown(self) -> None:
        run = a_run()
        (unit,) = claimed(run)
        answers = [self.an_answer(unit, seed=2**63, cost=math.inf), self.an_answer(unit, sample=1)]
        for completion in actions.store_completions(run, answers).values():
            assert (completion.seed, completion.cost, completion.choices) == (None, None, {})

    def test_who_was_asked_is_stored(self) -> None:
        run = a_run()
        (unit,) = claimed(run)
        request = Request((Message("user", "?"),), player="sandbox")
        actions.store_completions(run, [Answer(unit.pk, request, request.digest, Completion("", "stop"))])
        assert CompletionRow.objects.get().player == "sandbox"

    def test_the_first_answer_to_a_sample_stands(self) -> None:
        run = a_run(n_traces=2)
        one, two = claimed(run)
        first = self.an_answer(one, "first")
        late = [self.an_answer(two, "late"), self.an_answer(two, "new", sample=1)]
        actions.store_completions(run, [first])
        shown = actions.store_completions(run, late)
        assert {place[1]: c.text for place, c in shown.items()} == {0: "first", 1: "new"}
        assert CompletionRow.objects.count() == 2


class TestFinish:
    def test_labels_carry_the_evidence_and_freeze_the_rubric(self) -> None:
        run = a_run()
        (unit,) = claimed(run)
        opinion = Opinion(
            1,
            "bad",
            score=0.25,
            distribution={"bad": 0.75, "good": 0.25},
            text="2+2≠5",
            evidence={"at": (1, 2)},
        )
        assert actions.finish_unit(unit, Finding((opinion,), (Silence(0, "no equation"),), {"equations": 1}))
        label = Label.objects.get()
        assert (label.step.position, label.value, label.score, label.run) == (1, "bad", 0.25, run)  # type: ignore[union-attr]
        assert label.evidence == {"at": [1, 2]}
        unit.refresh_from_db()
        assert unit.state == UnitState.DONE
        assert unit.findings["silences"] == [{"position": 0, "reason": "no equation", "evidence": {}}]
        run.criterion.rubric.refresh_from_db()
        assert run.criterion.rubric.is_frozen

    def test_silence_alone_writes_no_label(self) -> None:
        run = a_run()
        (unit,) = claimed(run)
        assert actions.finish_unit(unit, Finding(silences=(Silence(None, "no reference answer"),)))
        assert not Label.objects.exists()

    def again(self, run: Run, finding: Finding) -> Run:
        new = actions.open_run(run.project, strategy=run.name)
        assert new.rater == run.rater
        (unit,) = claimed(new)
        assert actions.finish_unit(unit, finding)
        return new

    def test_a_second_look_changes_only_what_it_sees_differently(self) -> None:
        run = a_run()
        (unit,) = claimed(run)
        actions.finish_unit(unit, say("good", "good", "bad"))
        before = {label.step.position: label.pk for label in Label.objects.live()}  # type: ignore[union-attr]
        self.again(run, say("good", "bad"))
        assert live_values(run) == [(0, "good"), (1, "bad")]
        after = {label.step.position: label for label in Label.objects.live()}  # type: ignore[union-attr]
        assert after[0].pk == before[0]
        assert after[1].supersedes_id == before[1]
        assert Label.objects.count() == 4

    def test_the_same_look_twice_writes_nothing(self) -> None:
        run = a_run()
        (unit,) = claimed(run)
        finding = say("good", "bad", evidence={"tuple": (1, 2)})
        actions.finish_unit(unit, finding)
        self.again(run, finding)
        assert Label.objects.count() == 2

    @pytest.mark.parametrize(
        ("finding", "reason"),
        [
            (say("superb"), "no level 'superb'"),
            (Finding((Opinion(99, "bad"),)), "not asked about step 99"),
            (Finding((Opinion(None, "bad"),)), "not asked about the trace as a whole"),
            (Finding((Opinion(0, "bad"), Opinion(0, "good"))), "twice"),
        ],
    )
    def test_an_opinion_that_does_not_fit_undoes_the_finish(self, finding: Finding, reason: str) -> None:
        run = a_run()
        (unit,) = claimed(run)
        with pytest.raises(Rejected, match=reason):
            actions.finish_unit(unit, finding)
        unit.refresh_from_db()
        assert unit.state == UnitState.RUNNING
        assert not Label.objects.exists()


class TestEnd:
    def test_a_run_closes_with_its_counts_once_nothing_is_open(self) -> None:
        run = a_run(n_traces=3)
        one, two, three = claimed(run)
        actions.finish_unit(
            one, Finding((Opinion(0, "good"),), (Silence(1, "no equation"), Silence(2, "no equation")))
        )
        actions.finish_unit(two, say("bad"))
        assert not actions.close_run_if_over(run)
        actions.fail_unit(three, "boom")
        assert actions.close_run_if_over(run)
        assert not actions.close_run_if_over(run)
        run.refresh_from_db()
        assert (run.state, run.error) == (RunState.DONE, "1 of 3 traces failed: boom")
        assert run.summary["units"] == {"done": 2, "failed": 1}
        assert run.summary["labels"] == 2
        assert run.summary["silences"] == {"no equation": 2}

    def test_a_run_with_nothing_done_has_failed_and_can_be_retried(self) -> None:
        run = a_run(n_traces=2)
        actions.fail_run(run, "no such model")
        run.refresh_from_db()
        assert run.state == RunState.FAILED
        assert "no such model" in run.error
        assert actions.retry_failed(run) == 2
        run.refresh_from_db()
        assert (run.state, run.error, run.finished_at) == (RunState.QUEUED, "", None)
        assert len(claimed(run)) == 2

    def test_cancelling_stops_claims_at_once_and_held_units_when_they_are_let_go(self) -> None:
        run = a_run(n_traces=3)
        held, finishing = claimed(run, limit=2)
        assert actions.cancel_run(run)
        assert claimed(run, "w2") == []
        assert actions.finish_unit(finishing, say("good"))
        assert not actions.close_run_if_over(run)
        assert actions.release_units(run, [held]) == 1
        assert actions.close_run_if_over(run)
        run.refresh_from_db()
        assert run.state == RunState.CANCELLED
        assert run.summary["units"] == {"done": 1, "cancelled": 2}
        assert live_values(run) == [(0, "good")]
        assert not actions.cancel_run(run)

    def test_cancelling_ends_though_the_worker_died(self) -> None:
        run = a_run()
        (unit,) = claimed(run)
        actions.cancel_run(run)
        expire(unit)
        assert actions.close_run_if_over(run)
        run.refresh_from_db()
        assert run.state == RunState.CANCELLED

    def test_who_opened_it_is_kept(self) -> None:
        alice = a_person("alice")
        assert a_run(created_by=alice).created_by == alice
