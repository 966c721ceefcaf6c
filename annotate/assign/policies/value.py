from __future__ import annotations

from annotate.assign.contracts import Facts, Policy, most_first


def _rank(facts: Facts) -> tuple[float, int]:
    return (most_first(facts.value), facts.trace)


POLICY = Policy(
    name="value",
    title="Most to learn first",
    said="Traces with most doubt per step in the latest consensus come first: steps it"
    " asks people about, each by how unsure it is.",
    rank=_rank,
)
