from __future__ import annotations

from annotate.assign.contracts import Facts, Policy

# More readings of one trace than this are not told apart.
MOST = 1000


def _rank(facts: Facts) -> tuple[float, int]:
    return (min(facts.n_submitted, MOST) / MOST, facts.trace)


POLICY = Policy(
    name="fewest",
    title="Fewest labels first",
    said="Traces with the fewest submitted readings come first, so that all are read once"
    " before any is read twice.",
    rank=_rank,
)
