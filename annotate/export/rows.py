"""Read a consensus run as the rows that formats write, a batch of traces at a time.

The votes of a step are the labels that spoke when the run decided. Labels are never changed or deleted, so the same
run reads the same on any later day, whatever has been labelled since.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from annotate.enums import Action, RaterKind
from annotate.export.contracts import RaterRow, Source, StepRow, TraceRow, VoteRow
from annotate.models import Consensus, Label, Rater, Run, Trace

BATCH = 200


def source_of(run: Run, *, is_anonymous: bool = True) -> Source:
    raters = raters_of(run, is_anonymous=is_anonymous)
    by_id = {rater.pk: rater for rater in raters}
    return Source(run, tuple(raters), lambda: trace_rows(run, by_id))


def raters_of(run: Run, *, is_anonymous: bool) -> list[RaterRow]:
    """The raters whose labels spoke, in order of their ids; people become ``person-001`` and so on."""
    spoke: set[int] = set()
    for ids in run.consensus.order_by().values_list("spoke", flat=True).iterator(chunk_size=2000):
        spoke.update(ids)
    labels: Counter[int] = Counter()
    for chunk in _chunks(sorted(spoke), 5000):
        labels.update(Label.objects.filter(pk__in=chunk).values_list("rater_id", flat=True))
    people = itertools.count(1)
    rows: list[RaterRow] = []
    for rater in Rater.objects.filter(pk__in=labels).order_by("pk"):
        is_hidden = is_anonymous and rater.kind == RaterKind.PERSON
        name = f"person-{next(people):03d}" if is_hidden else rater.name
        rows.append(RaterRow(rater.pk, name, rater.name, rater.kind, rater.is_simulated, labels[rater.pk]))
    return rows


def trace_rows(run: Run, raters: Mapping[int, RaterRow]) -> Iterator[TraceRow]:
    """The traces the run decided about, in order of their ids, each with all of its steps.

    A trace whose steps have been split or merged since is left out: the run decided about other steps.
    """
    last = 0
    decided = Trace.objects.filter(project_id=run.project_id).select_related("problem").order_by("pk")
    while traces := list(decided.filter(pk__gt=last)[:BATCH]):
        last = traces[-1].pk
        steps = _steps(run, traces, raters)
        for trace in traces:
            if len(steps.get(trace.pk, ())) == trace.n_steps:
                yield _trace_row(trace, steps[trace.pk])


def n_recut(run: Run) -> int:
    """How many traces the run decided about have had steps split or merged since."""
    gone = run.consensus.filter(step__retired_in__isnull=False)
    return gone.order_by().values("step__trace").distinct().count()


def _trace_row(trace: Trace, steps: Sequence[StepRow]) -> TraceRow:
    return TraceRow(
        trace=trace.external_id,
        problem=trace.problem.external_id,
        problem_text=trace.problem.text,
        source_model=trace.source_model,
        outcome=trace.outcome,
        steps=tuple(steps),
    )


def _steps(run: Run, traces: Sequence[Trace], raters: Mapping[int, RaterRow]) -> dict[int, list[StepRow]]:
    decisions = list(
        Consensus.objects.filter(
            run=run,
            step__retired_in=None,
            step__trace_id__gte=traces[0].pk,
            step__trace_id__lte=traces[-1].pk,
        )
        .select_related("step")
        .order_by("step__trace_id", "step__position")
    )
    votes = _votes({label for decision in decisions for label in decision.spoke}, raters)
    found: dict[int, list[StepRow]] = defaultdict(list)
    for decision in decisions:
        found[decision.step.trace_id].append(_step_row(decision, votes))
    return found


def _step_row(decision: Consensus, votes: Mapping[int, VoteRow]) -> StepRow:
    step = decision.step
    return StepRow(
        position=step.position,
        kind=step.kind,
        text=step.text,
        body=step.body,
        action=Action(decision.action),
        value=decision.value,
        probability=decision.probability,
        reason=decision.reason,
        votes=tuple(votes[label] for label in sorted(decision.spoke)),
        tier=decision.tier,
        risk=decision.risk,
        p_correct=decision.p_correct,
    )


def _votes(labels: set[int], raters: Mapping[int, RaterRow]) -> dict[int, VoteRow]:
    found: dict[int, VoteRow] = {}
    for chunk in _chunks(sorted(labels), 5000):
        rows = Label.objects.filter(pk__in=chunk).values_list(
            "pk", "rater_id", "criterion__key", "value", "score"
        )
        for pk, rater_id, criterion, value, score in rows:
            found[pk] = VoteRow(raters[rater_id], criterion, value, score)
    return found


def _chunks(ids: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), size):
        yield ids[start : start + size]
