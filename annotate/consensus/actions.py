from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

from django.db import transaction
from django.db.models import prefetch_related_objects
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy

from annotate.assign.actions import renew_order
from annotate.consensus.auditing import draw_audit
from annotate.consensus.contracts import (
    Decide,
    DecideMany,
    Decision,
    Material,
    Policy,
    TraceEvidence,
    Voter,
)
from annotate.consensus.evidence import (
    Standing,
    gold_readings,
    question_of,
    standing_of,
    trace_evidence,
    voters_of,
)
from annotate.consensus.explore.actions import explore_run
from annotate.consensus.funnel import Funnel, as_json
from annotate.consensus.registry import get_policy
from annotate.consensus.rulings import REASONS, with_rulings, with_rulings_of_many
from annotate.consensus.unfinished import MOST_TRIES, expect, forgive, mine, sign_off, take_up, tries_of
from annotate.consensus.valuing import value_traces
from annotate.enums import NoticeEvent, RunKind, RunState, Scope
from annotate.errors import Conflict, GradusError, Rejected
from annotate.models import Consensus, ConsensusFit, Criterion, Person, Project, Rubric, Run, Trace
from annotate.notices.announcing import announce
from annotate.outage import outage_of
from annotate.prelabel.actions import cancel_run
from annotate.prelabel.runs.rows import storable_text
from annotate.settings import build_settings

AT_ONCE = 250
WRITE_BATCH = 2000

NO_TRACE = gettext_lazy("There is no trace to decide about. Bring some in first.")
TAKEN_AWAY = gettext_lazy("The run was stopped, or another worker has taken it up.")

Progress = Callable[[int, int], None]
Decided = tuple[int, Decision]


@dataclass(frozen=True, slots=True)
class _Plan:
    """A checked request: ``criteria`` begins with the one to decide. ``decide`` is the rule before it has learned."""

    rule: Policy
    settings: Any
    criteria: tuple[Criterion, ...]
    voters: tuple[Voter, ...]
    decide: Decide
    standing: Standing


class _TakenAway(Exception):
    """Whoever made it may not write it."""


def run_consensus(
    project: Project,
    *,
    policy: str,
    settings: Mapping[str, Any] | None = None,
    criterion_key: str = "",
    created_by: Person | None = None,
    on_progress: Progress | None = None,
) -> Run:
    """Ask for a consensus and make it at once: :func:`ask_consensus` and :func:`make_consensus` in one."""
    run, plan = _asked(project, policy, settings or {}, criterion_key, created_by)
    taken = take_up(run.pk)
    # Nobody else was told of it, and somebody may have stopped it already.
    if taken is None:
        raise Conflict(TAKEN_AWAY)
    _make(taken, lambda: plan, on_progress)
    return taken


def ask_consensus(
    project: Project,
    *,
    policy: str,
    settings: Mapping[str, Any] | None = None,
    criterion_key: str = "",
    created_by: Person | None = None,
) -> Run:
    """Open a run that decides every step of the project by one policy; earlier runs stay.

    It waits for whoever takes it up (``unfinished.take_up``). Without a ``criterion_key`` the policy's usual one is
    decided. Callers are the operator and managers. Raises ``Rejected`` for settings that do not fit and ``Conflict``
    when there is nothing to decide; no run is opened then.
    """
    return _asked(project, policy, settings or {}, criterion_key, created_by)[0]


def make_consensus(run: Run, *, on_progress: Progress | None = None) -> None:
    """Decide what a run that the caller has taken up was opened for, and keep the decisions.

    First everything is read and decided, then written in one transaction: SQLite has one writer, and people go on
    labelling meanwhile. A policy that learns reads everything once more before. A policy that fails fails the run with
    the reason, and whoever wants to know is told; an outage leaves it to be taken up again.
    What the run comes to is counted at the end (``explore``), so that its pages need not.
    ``on_progress`` hears (traces done, traces in all). Raises ``Conflict``, and writes nothing, where the run was
    stopped or taken up by another meanwhile.
    """
    _make(run, lambda: _plan(run.project, run.name, run.settings, run.criterion.key), on_progress)


def count_consensus(run: Run) -> None:
    """What is counted of a run and told to the queue once its decisions stand. Again, it comes to the same."""
    value_traces(run.project, run)
    renew_order(run.project)
    explore_run(run)


@transaction.atomic
def cancel_consensus(run: Run) -> bool:
    """Stop a run that is not over: whoever is at it writes nothing of it. False when it was over."""
    is_open = Run.objects.filter(pk=run.pk, state__in=(RunState.QUEUED, RunState.RUNNING))
    if not is_open.update(state=RunState.CANCELLED, finished_at=timezone.now(), error="", summary={}):
        return False
    sign_off(run)
    return True


def stop_run(run: Run) -> bool:
    """Stop a run of either kind, each by its own stage's rules. False when it was over."""
    return cancel_consensus(run) if run.kind == RunKind.CONSENSUS else cancel_run(run)


@transaction.atomic
def _asked(
    project: Project,
    policy: str,
    settings: Mapping[str, Any],
    criterion_key: str,
    created_by: Person | None,
) -> tuple[Run, _Plan]:
    plan = _plan(project, policy, settings, criterion_key)
    if not Trace.objects.filter(project=project).exists():
        raise Conflict(NO_TRACE)
    run = Run.objects.create(
        project=project,
        kind=RunKind.CONSENSUS,
        name=plan.rule.name,
        criterion=plan.criteria[0],
        settings=asdict(plan.settings),
        created_by=created_by,
    )
    expect(run)
    return run, plan


def _make(run: Run, plan_of: Callable[[], _Plan], on_progress: Progress | None) -> None:
    try:
        if tries_of(run) > MOST_TRIES:
            raise Conflict(
                gettext("Given up: %(tries)d workers stopped while they were at it.") % {"tries": MOST_TRIES}
            )
        plan = plan_of()
        # The rubric may be another by now than when it was asked for.
        run.criterion = plan.criteria[0]
        funnel = Funnel(plan.rule.reasons, if_used=REASONS)
        learned = _learned(plan, run.project)
        decided = _decide_all(plan, learned, run.project, funnel, on_progress)
        _write(run, plan, learned, _summary(plan, learned, funnel, decided), decided)
    except _TakenAway:
        raise Conflict(TAKEN_AWAY) from None
    except Exception as error:
        if outage := outage_of(error):
            forgive(run, outage)
        else:
            _fail(run, error)
        raise
    count_consensus(run)
    sign_off(run)


def _plan(project: Project, policy: str, settings: Mapping[str, Any], criterion_key: str) -> _Plan:
    rule = get_policy(policy)
    chosen: Any = build_settings(rule.settings, settings)
    rubric = _rubric_of(project)
    criterion = _step_criterion(rubric, criterion_key or rule.usual_criterion, field="criterion")
    also = [_step_criterion(rubric, key, field="settings") for key in rule.also_reads(chosen)]
    also += rubric.criteria.filter(key__in=rule.could_read(chosen), scope=Scope.STEP).exclude(pk=criterion.pk)
    criteria = (criterion, *also)
    voters = tuple(voters_of(project, criteria))
    decide = rule.bind(chosen, criterion.key, voters)
    # Those who learn and those who count afterwards ask for the levels as well.
    prefetch_related_objects([criterion], "levels")
    return _Plan(rule, chosen, criteria, voters, decide, standing_of(project))


def _evidence(plan: _Plan, project: Project) -> Iterator[TraceEvidence]:
    details = plan.rule.reads_details
    return trace_evidence(project, *plan.criteria, details=details, standing=plan.standing)


def _learned(plan: _Plan, project: Project) -> tuple[Any, ...]:
    """What the policy has learned from everything, as the arguments it is to be bound with besides; none or one."""
    if plan.rule.prepare is None:
        return ()
    material = Material(
        question=question_of(plan.criteria[0]),
        voters=plan.voters,
        gold=gold_readings(project, plan.criteria[0]),
        evidence=lambda: _evidence(plan, project),
    )
    return (plan.rule.prepare(plan.settings, material),)


def _rule(plan: _Plan, learned: tuple[Any, ...]) -> DecideMany:
    """The rule for many traces at once, reviewers' decisions in place of its own."""
    arguments = (plan.settings, plan.criteria[0].key, plan.voters, *learned)
    if plan.rule.bind_many is not None:
        return with_rulings_of_many(plan.rule.bind_many(*arguments))
    decide = with_rulings(plan.rule.bind(*arguments) if learned else plan.decide)
    return lambda traces: [decide(trace) for trace in traces]


def _decide_all(
    plan: _Plan, learned: tuple[Any, ...], project: Project, funnel: Funnel, on_progress: Progress | None
) -> list[Decided]:
    total = Trace.objects.filter(project=project).count() if on_progress else 0
    decided: list[Decided] = []
    decide = _rule(plan, learned)
    done = 0
    evidence = _evidence(plan, project)
    while traces := list(islice(evidence, AT_ONCE)):
        for trace, decisions in zip(traces, decide(traces), strict=True):
            funnel.add(decisions)
            decided.extend(zip((step.step for step in trace.steps), decisions, strict=True))
        done += len(traces)
        if on_progress:
            on_progress(done, total)
    if not decided:
        raise Conflict(NO_TRACE)
    return decided


def _summary(plan: _Plan, learned: tuple[Any, ...], funnel: Funnel, decided: list[Decided]) -> dict[str, Any]:
    found: dict[str, Any] = {"version": plan.rule.version, "funnel": as_json(funnel.rows())}
    if plan.rule.keep and learned:
        found["learned"] = dict(plan.rule.keep(learned[0]).summary)
    if tiers := Counter(decision.tier for _, decision in decided if decision.tier):
        found["tiers"] = dict(tiers)
    return found


def _write(
    run: Run, plan: _Plan, learned: tuple[Any, ...], summary: dict[str, Any], decided: list[Decided]
) -> None:
    facts = {"state": RunState.DONE, "finished_at": timezone.now(), "criterion": run.criterion, "error": ""}
    with transaction.atomic():
        if tries_of(run) > 1:
            summary["tries"] = tries_of(run)
        if not mine(run).update(**facts, summary=summary):
            raise _TakenAway
        kept = plan.rule.keep(learned[0]) if plan.rule.keep and learned else None
        if kept is not None and kept.fit:
            ConsensusFit.objects.create(
                run=run,
                version=kept.fit["version"],
                raters=list(kept.raters),
                assumed=list(kept.assumed),
                detail=dict(kept.fit),
            )
        for start in range(0, len(decided), WRITE_BATCH):
            rows = (_row(run, step, decision) for step, decision in decided[start : start + WRITE_BATCH])
            Consensus.objects.bulk_create(rows)
        if share := getattr(plan.settings, "audit_share", 0.0):
            summary["audit"] = draw_audit(run, share)
            Run.objects.filter(pk=run.pk).update(summary=summary)
        _announce(NoticeEvent.RUN_FINISHED, run, done=len(decided), total=len(decided))
    for name, value in (facts | {"summary": summary}).items():
        setattr(run, name, value)


@transaction.atomic
def _fail(run: Run, error: Exception) -> None:
    """Nobody is told of a run that is another's by now, or was stopped."""
    said = str(error) if isinstance(error, GradusError) else f"{type(error).__name__}: {error}"
    facts = {"state": RunState.FAILED, "error": storable_text(said), "finished_at": timezone.now()}
    if mine(run).update(**facts, summary={}):
        _announce(NoticeEvent.RUN_FAILED, run, done=0, total=0, why="error")
        sign_off(run)


def _announce(event: NoticeEvent, run: Run, **facts: Any) -> None:
    facts |= {"run": run.pk, "kind": str(RunKind.CONSENSUS), "name": run.name}
    announce(run.project_id, event, key=f"run:{run.pk}", **facts)


def _row(run: Run, step: int, decision: Decision) -> Consensus:
    return Consensus(
        run=run,
        step_id=step,
        action=decision.action,
        value=decision.value,
        probability=decision.probability,
        tier=decision.tier,
        risk=decision.risk,
        p_correct=decision.p_correct,
        reason=decision.reason,
        explanation=decision.explanation,
        spoke=list(decision.spoke),
    )


def _rubric_of(project: Project) -> Rubric:
    if project.rubric is None:
        raise Conflict(
            gettext("%(project)s has no rubric, so there is no question to decide.") % {"project": project}
        )
    return project.rubric


def _step_criterion(rubric: Rubric, key: str, *, field: str) -> Criterion:
    criterion = rubric.criteria.filter(key=key, scope=Scope.STEP).first()
    if criterion is None:
        known = ", ".join(rubric.criteria.filter(scope=Scope.STEP).values_list("key", flat=True))
        raise Rejected(
            gettext("%(rubric)s asks no %(key)s about steps; it asks %(or)s.")
            % {"rubric": rubric, "key": f"{key!r}", "or": known or "nothing"},
            field=field,
        )
    return criterion
