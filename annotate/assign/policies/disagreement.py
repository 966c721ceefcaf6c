from __future__ import annotations

from annotate.assign.contracts import Facts, Policy, most_first


def _rank(facts: Facts) -> tuple[float, int]:
    return (most_first(facts.disagreement), facts.trace)


POLICY = Policy(
    name="disagreement",
    title="Most disagreement first",
    said="Traces whose readers disagree most come first; unread ones come before those that all agree on.",
    rank=_rank,
)
