from __future__ import annotations

from annotate.assign.contracts import Facts, Policy


def _rank(facts: Facts) -> tuple[float, int]:
    return (0.5 if facts.skill == "" else 0.0, facts.trace)


POLICY = Policy(
    name="by_skill",
    title="Rare skills first",
    said="Traces that need a skill come before those that anybody may read, so that"
    " whoever has it meets them first.",
    rank=_rank,
)
