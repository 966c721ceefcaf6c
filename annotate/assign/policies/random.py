from __future__ import annotations

from annotate.assign.contracts import Facts, Policy


def _rank(facts: Facts) -> tuple[float, int]:
    return (0.0, facts.luck)


POLICY = Policy(
    name="random",
    title="In random order",
    said="An order drawn once from the seed below; the same seed gives the same order.",
    rank=_rank,
)
