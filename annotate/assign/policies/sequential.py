from __future__ import annotations

from annotate.assign.contracts import Facts, Policy


def _rank(facts: Facts) -> tuple[float, int]:
    return (0.0, facts.trace)


POLICY = Policy(
    name="sequential",
    title="In order of arrival",
    said="The trace that came in first is read first.",
    rank=_rank,
)
