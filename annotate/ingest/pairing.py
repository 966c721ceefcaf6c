"""Put traces of one problem side by side, for whoever compares them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from itertools import combinations, groupby, islice

from django.db import transaction

from annotate.enums import Outcome
from annotate.errors import Rejected
from annotate.models import Pair, Project, Trace

_LONGEST_ID = 200


@transaction.atomic
def pair_traces(project: Project, *, per_problem: int = 1) -> int:
    """Make up to ``per_problem`` pairs of each problem's traces; how many are new.

    A right trace is put beside a wrong one first, then the others beside each other, in their order; two traces that
    say the same, letter for letter, are not put together. Which one stands on the left is as good as a coin's, and
    like the rest the same every time: pairs that exist already count and are not made again.
    """
    if per_problem < 1:
        raise Rejected("must be at least 1", field="pairs")
    Project.objects.select_for_update().get(pk=project.pk)
    traces = project.traces.order_by("problem", "pk").only(
        "pk", "problem", "external_id", "outcome", "text_hash"
    )
    new: list[Pair] = []
    known = set(project.pairs.values_list("external_id", flat=True))
    for _, group in groupby(traces.iterator(), key=lambda trace: trace.problem_id):
        for sides in islice(_couples(list(group)), per_problem):
            left, right = sorted(sides, key=lambda trace: _coin(trace, sides))
            name = _name(left, right)
            if name not in known:
                new.append(Pair(project=project, external_id=name, left_trace=left, right_trace=right))
    Pair.objects.bulk_create(new, batch_size=1000)
    return len(new)


def _couples(traces: Sequence[Trace]) -> Iterator[tuple[Trace, Trace]]:
    right = [trace for trace in traces if trace.outcome == Outcome.RIGHT]
    wrong = [trace for trace in traces if trace.outcome == Outcome.WRONG]
    # By diagonals, so that a few pairs show many traces rather than one trace many times.
    telling = [
        (one, wrong[(place + shift) % len(wrong)])
        for shift in range(len(wrong))
        for place, one in enumerate(right)
    ]
    seen = {frozenset((one.pk, other.pk)) for one, other in telling}
    rest = (couple for couple in combinations(traces, 2) if frozenset(one.pk for one in couple) not in seen)
    for source in (telling, rest):
        yield from (couple for couple in source if couple[0].text_hash != couple[1].text_hash)


def _coin(trace: Trace, sides: tuple[Trace, Trace]) -> str:
    both = "\n".join(sorted(side.external_id for side in sides))
    return hashlib.sha256(f"{trace.external_id}\n{both}".encode()).hexdigest()


def _name(left: Trace, right: Trace) -> str:
    name = f"{left.external_id} | {right.external_id}"
    if len(name) <= _LONGEST_ID:
        return name
    return hashlib.sha256(name.encode()).hexdigest()
