"""The tree itself: prefixes, the rollouts drawn from them, and which pair of the two is searched next."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from annotate.prelabel.continuations.tally import Tally
from annotate.prelabel.contracts import Message

Prefix = tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Rollout:
    """A finished continuation with a wrong answer; ``length`` in tokens."""

    text: str
    length: float


@dataclass(slots=True)
class Node:
    """A prefix, what its rollouts came to, and those with a wrong answer that nobody has searched yet.

    ``visits`` is N(s): how often one of its rollouts was chosen, never how often it was estimated. ``given`` are
    outcomes that were not drawn here: the trace under label is the first rollout of the bare problem.
    """

    number: int
    prefix: Prefix
    parent: int | None = None
    edge: str = ""
    position: int | None = None
    tally: Tally = field(default_factory=Tally)
    given: list[bool] = field(default_factory=list)
    visits: int = 0
    waiting: list[Rollout] = field(default_factory=list)

    @property
    def mc(self) -> float | None:
        """The share of rollouts that reached the answer; None where nothing is known."""
        known = self.tally.known + len(self.given)
        return (self.tally.hits + sum(self.given)) / known if known else None


@dataclass(frozen=True, slots=True)
class Weights:
    """Q(s, r) = alpha^(1 - MC(s)) * beta^(length(r) / scale); U(s) = c_puct * sqrt(sum of N) / (1 + N(s))."""

    alpha: float
    beta: float
    scale: float
    c_puct: float

    def quality(self, mc: float, length: float) -> float:
        return float(self.alpha ** (1.0 - mc) * self.beta ** (length / self.scale))

    def curiosity(self, visits: int, all_visits: int) -> float:
        return self.c_puct * math.sqrt(all_visits) / (1 + visits)


class Tree:
    """Nodes by their prefix: one that is reached twice is one node and is estimated once."""

    def __init__(self, root: Prefix, weights: Weights) -> None:
        self._weights = weights
        self._nodes: dict[Prefix, Node] = {}
        self.root = self.node(root)

    def __iter__(self) -> Iterator[Node]:
        return iter(self._nodes.values())

    def __len__(self) -> int:
        return len(self._nodes)

    def node(
        self, prefix: Prefix, parent: Node | None = None, edge: str = "", position: int | None = None
    ) -> Node:
        """The node of a prefix, made where there is none; the later arguments describe a new one only."""
        if prefix not in self._nodes:
            number = None if parent is None else parent.number
            self._nodes[prefix] = Node(len(self._nodes), prefix, number, edge, position)
        return self._nodes[prefix]

    def pop(self) -> tuple[Node, Rollout] | None:
        """Take the best pair out of the pool for good and count the visit; None when the pool is empty.

        The pool holds the waiting rollouts of every prefix that is sometimes but not always recovered from. Of equal
        pairs the one that came first is taken.
        """
        all_visits = sum(node.visits for node in self)
        best: tuple[float, Node, Rollout] | None = None
        for node in self:
            mc = node.mc
            if mc is None or not 0 < mc < 1:
                continue
            curiosity = self._weights.curiosity(node.visits, all_visits)
            for rollout in node.waiting:
                score = self._weights.quality(mc, rollout.length) + curiosity
                if best is None or score > best[0]:
                    best = score, node, rollout
        if best is None:
            return None
        _, node, rollout = best
        node.waiting.remove(rollout)
        node.visits += 1
        return node, rollout


def extended(prefix: Prefix, text: str) -> Prefix:
    """The prefix with more text in its open turn, or in a new one where the last turn is somebody else's."""
    if not text:
        return prefix
    last = prefix[-1]
    if last.role == "assistant":
        return (*prefix[:-1], Message("assistant", last.content + text))
    return (*prefix, Message("assistant", text))
