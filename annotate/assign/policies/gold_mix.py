from __future__ import annotations

from annotate.assign.contracts import Facts, Policy


def _rank(facts: Facts) -> tuple[float, int]:
    return (facts.share, facts.trace)


POLICY = Policy(
    name="gold_mix",
    title="Gold spread evenly",
    said="Traces with gold labels are spread evenly over the queue, so that readings can"
    " be held against gold from the start.",
    rank=_rank,
    needs_share=True,
)
