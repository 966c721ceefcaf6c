from __future__ import annotations

from annotate.assign.contracts import Facts, Policy, most_first

# An hour that puts so many wrong decisions right stands in the middle of the scale.
_MIDDLE = 1.0


def _rank(facts: Facts) -> tuple[float, int]:
    if facts.worth is not None:
        return (most_first(facts.worth / (facts.worth + _MIDDLE)), facts.trace)
    return (most_first(facts.value), facts.trace)


POLICY = Policy(
    name="value",
    title="Most to learn first",
    said="Where the latest consensus was decided by the posterior: traces where an hour of reading is expected to put"
    " most wrong decisions right. Else traces with most doubt per step, each step it asks people about by how unsure"
    " it is.",
    rank=_rank,
)
