"""Read a consensus run as the rows that formats write, a batch of traces at a time.

The votes of a step are the labels that spoke when the run decided. Labels are never changed or deleted, so the same
run reads the same on any later day, whatever has been labelled since. Rows are read as plain values: making a model
of every step and label took most of the time of an export.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, count
from typing import Any

from django.db.models import TextField
from django.db.models.functions import Cast

from annotate.enums import Action, RaterKind
from annotate.export.contracts import RaterRow, Source, StepRow, TraceRow, VoteRow
from annotate.models import Consensus, Label, Rater, Recut, Run, Step, Trace

BATCH = 200
_ACTIONS = {action.value: action for action in Action}
TRACE_FIELDS = (
    "pk",
    "external_id",
    "source_model",
    "outcome",
    "n_steps",
    "meta",
    "problem__external_id",
    "problem__text",
    "problem__reference_answer",
    "problem__reference_solution",
    "problem__meta",
)
# As the text it is stored as, see _lists.
_SPOKE = Cast("spoke", TextField())
_DECISION = (
    "step__trace_id",
    "step__position",
    "step__kind",
    "step__text",
    "step__tail",
    "action",
    "value",
    "probability",
    "reason",
    "explanation",
    "tier",
    "risk",
    "p_correct",
    _SPOKE,
)


def source_of(run: Run, *, is_anonymous: bool = True, with_meta: bool = True) -> Source:
    """``with_meta`` False leaves the steps' meta empty, which most formats have no room for and reading takes time."""
    raters = raters_of(run, is_anonymous=is_anonymous)
    by_id = {rater.pk: rater for rater in raters}
    return Source(run, tuple(raters), lambda: trace_rows(run, by_id, with_meta=with_meta))


def _renaming(raters: Iterable[RaterRow]) -> Callable[[str], str]:
    """Put published names in place of people's own: a policy may say whom it believed."""
    names = {rater.own_name: rater.name for rater in raters if rater.own_name != rater.name}
    if not names:
        return lambda text: text
    known = re.compile("|".join(re.escape(name) for name in sorted(names, key=len, reverse=True)))
    return lambda text: known.sub(lambda found: names[found.group()], text)


def raters_of(run: Run, *, is_anonymous: bool) -> list[RaterRow]:
    """The raters whose labels spoke, in order of their ids; people become ``person-001`` and so on."""
    labels: Counter[int] = Counter()
    traces = Trace.objects.filter(project_id=run.project_id).order_by("pk").values_list("pk", flat=True)
    last = 0
    while some := list(traces.filter(pk__gt=last)[:BATCH]):
        first, last = some[0], some[-1]
        # Of steps that have been split or merged since as well: those labels spoke.
        decisions = Consensus.objects.filter(
            run=run, step__trace_id__gte=first, step__trace_id__lte=last
        ).order_by()
        spoke = set(chain.from_iterable(_lists(decisions.values_list(_SPOKE, flat=True))))
        labels.update(rater for _, rater in _labels(first, last, spoke, "pk", "rater_id"))
    return named_raters(labels, is_anonymous=is_anonymous)


def _lists(texts: Iterable[str]) -> list[list[int]]:
    """Many short lists out of their JSON at once: to parse each by itself costs more than to read it."""
    found: list[list[int]] = json.loads(f"[{','.join(texts)}]")
    return found


def _labels(first: int, last: int, wanted: set[int], *fields: str) -> list[tuple[Any, ...]]:
    """The wanted labels, whose keys come first, of the steps of the traces from ``first`` to ``last``.

    Asked for by their place: naming thousands of keys in a query costs more than reading a few labels too many.
    """
    if not wanted:
        return []
    place = Label.objects.filter(step__trace_id__gte=first, step__trace_id__lte=last).order_by()
    found = [row for row in place.values_list(*fields) if row[0] in wanted]
    if len(found) < len(wanted):
        left = sorted(wanted.difference(row[0] for row in found))
        for chunk in _chunks(left, 5000):
            found += Label.objects.filter(pk__in=chunk).values_list(*fields)
    return found


def named_raters(labels: Mapping[int, int], *, is_anonymous: bool) -> list[RaterRow]:
    """The raters with those numbers of labels, under the names they are published by."""
    people = count(1)
    rows: list[RaterRow] = []
    for rater in Rater.objects.filter(pk__in=labels).order_by("pk"):
        is_hidden = is_anonymous and rater.kind == RaterKind.PERSON
        name = f"person-{next(people):03d}" if is_hidden else rater.name
        rows.append(RaterRow(rater.pk, name, rater.name, rater.kind, rater.is_simulated, labels[rater.pk]))
    return rows


def trace_rows(run: Run, raters: Mapping[int, RaterRow], *, with_meta: bool = True) -> Iterator[TraceRow]:
    """The traces the run decided about, in order of their ids, each with all of its steps.

    A trace whose steps have been split or merged since is left out: the run decided about other steps.
    """
    last = 0
    decided = Trace.objects.filter(project_id=run.project_id).order_by("pk").values_list(*TRACE_FIELDS)
    while traces := list(decided.filter(pk__gt=last)[:BATCH]):
        first, last = traces[0][0], traces[-1][0]
        steps = _steps(run, first, last, raters, with_meta)
        for trace in traces:
            found = steps.get(trace[0], ())
            if len(found) == trace[4]:
                yield plain_trace(trace, tuple(found))


def n_recut(run: Run) -> int:
    """How many traces the run decided about have had steps split or merged since."""
    cut = Recut.objects.filter(trace__project=run.project_id).order_by().values("trace")
    gone = Step.every.filter(trace__in=cut, retired_in__isnull=False, consensus__run=run)
    return gone.order_by().values("trace").distinct().count()


def plain_trace(row: tuple[Any, ...], steps: tuple[StepRow, ...]) -> TraceRow:
    """A trace from the values of ``TRACE_FIELDS``."""
    pk, name, model, outcome, _, meta, problem, text, answer, solution, problem_meta = row
    return TraceRow(
        trace=name,
        problem=problem,
        problem_text=text,
        source_model=model,
        outcome=outcome,
        steps=steps,
        pk=pk,
        reference_answer=answer,
        reference_solution=solution,
        meta=meta,
        problem_meta=problem_meta,
    )


def _steps(
    run: Run, first: int, last: int, raters: Mapping[int, RaterRow], with_meta: bool
) -> dict[int, list[StepRow]]:
    decisions = list(
        Consensus.objects.filter(
            run=run, step__retired_in=None, step__trace_id__gte=first, step__trace_id__lte=last
        )
        .order_by("step__trace_id", "step__position")
        .values_list(*_DECISION, *(("step__meta",) if with_meta else ()))
    )
    spoke = _lists(decision[-2] if with_meta else decision[-1] for decision in decisions)
    votes = _votes(first, last, set(chain.from_iterable(spoke)), raters)
    renamed = _renaming(raters.values())
    found: dict[int, list[StepRow]] = defaultdict(list)
    for decision, ids in zip(decisions, spoke, strict=True):
        trace, position, kind, text, tail, action, value, probability, reason, told, tier, risk, p = decision[
            :13
        ]
        found[trace].append(
            StepRow(
                position,
                kind,
                text,
                text[: len(text) - tail] if tail else text,
                _ACTIONS[action],
                value,
                probability,
                reason,
                tuple([votes[label] for label in sorted(ids)]),
                renamed(told) if told else told,
                decision[-1] if with_meta else {},
                None,
                tier,
                risk,
                p,
            )
        )
    return found


def _votes(first: int, last: int, labels: set[int], raters: Mapping[int, RaterRow]) -> dict[int, VoteRow]:
    fields = ("pk", "rater_id", "criterion__key", "value", "score", "text", "seconds")
    return {
        pk: VoteRow(raters[rater], criterion, value, score, text, seconds)
        for pk, rater, criterion, value, score, text, seconds in _labels(first, last, labels, *fields)
    }


def _chunks(ids: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), size):
        yield ids[start : start + size]
