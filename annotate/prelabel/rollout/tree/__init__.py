"""A tree of prefixes grown by binary search for the first error of one wrong rollout after another.

After OmegaPRM (arXiv 2406.06592). Every node is a prefix with its rollouts. The search takes the most promising wrong
rollout from the pool (long, from a prefix that usually recovers, seldom visited), halves it until its first error is
found, and adds each prefix probed on the way as a node with rollouts of its own. It ends when the pool is empty, after
``searches`` searches, or when the next prefix would exceed ``max_rollouts``.

The trace under label is the first rollout of the bare problem, so its steps are labelled by the first search. The other
nodes are measured prefixes of *other* solutions; they become no label and stand in the finding's summary as ``tree``.

Where it departs from the paper: the trace is searched first, whatever its score. Where the model never solves the bare
problem, no place is learnable and nothing is said. A rollout that was cut off or cannot be graded is neither right nor
wrong: it is in no share and never searched. Where a backend counts no tokens, lengths are taken as characters / 4, and
the summary says for how many rollouts. In a conversation with observations a rollout goes on without new ones.
"""

from __future__ import annotations

from annotate.prelabel.continuations.rollouts import Grade, grade_completion, unusable
from annotate.prelabel.contracts import Strategy, TraceTask
from annotate.prelabel.entries import StrategyEntry
from annotate.prelabel.rollout.tree.search import Search
from annotate.prelabel.rollout.tree.settings import TreeSettings


def tree(task: TraceTask, settings: TreeSettings, grade: Grade = grade_completion) -> Strategy:
    """Label the steps of one trace and measure the prefixes of other solutions to its problem."""
    finding = unusable(task, grade)
    return finding if finding is not None else (yield from Search(task, settings, grade).run())


STRATEGY = StrategyEntry(
    "rollout/tree",
    "rollout",
    "Rollouts, a tree of prefixes",
    TreeSettings,
    tree,
    summary="Halves wrong solutions to find their first errors, the trace first, and measures every prefix on the way.",
    usual_criterion="recoverable",
)
