"""One trace's search: estimate, halve, choose, label."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from annotate.ingest.splitting import SplitMode, split_steps
from annotate.prelabel.continuations.rollouts import (
    AFTER_ERROR,
    BARE,
    UNCLEAR,
    Grade,
    Rollouts,
    prefix_messages,
)
from annotate.prelabel.contracts import Completion, Opinion, Request, Silence, Strategy, TraceTask
from annotate.prelabel.rollout.tree.nodes import Node, Prefix, Rollout, Tree, extended
from annotate.prelabel.rollout.tree.settings import TreeSettings

_CHARACTERS_PER_TOKEN = 4.0
_SHOWN_NODES = 60
_SHOWN_CHARACTERS = 300
_SKIPPED = "not probed; recoverable by a later step"
_BUDGET = "the budget of rollouts was spent before"


@dataclass(frozen=True, slots=True)
class Bracket:
    """After ``good`` pieces the answer was still reached, after ``bad`` no longer. ``stop``: what ended it early."""

    good: int
    bad: int
    stop: str = ""

    @property
    def is_closed(self) -> bool:
        return self.bad - self.good == 1


Estimating = Generator[Sequence[Request], Sequence[Sequence[Completion]], str]
Halving = Generator[Sequence[Request], Sequence[Sequence[Completion]], Bracket]
Drawing = Generator[Sequence[Request], Sequence[Sequence[Completion]], None]


class Search:
    """Grows the tree of one trace and reads the labels off it."""

    def __init__(self, task: TraceTask, settings: TreeSettings, grade: Grade) -> None:
        self._task = task
        self._settings = settings
        self._grade = grade
        self._rollouts = Rollouts(task, settings, grade)
        self._outcome = self._rollouts.grade_last()
        self._tree = Tree(prefix_messages(task, BARE, settings), settings.weights)
        self._estimated: set[int] = set()
        self._found: list[dict[str, object]] = []
        self._searches = 0
        self._guessed_lengths = 0

    def run(self) -> Strategy:
        root = self._tree.root
        if self._outcome in ("right", "wrong"):
            root.given.append(self._outcome == "right")
        yield from self._estimate(root, BARE, max(self._settings.k, self._settings.sc_samples))
        bracket = None
        if self._outcome == "wrong" and root.tally.hits:
            root.visits += 1
            self._searches += 1
            bracket = yield from self._halve(
                root, self._own_prefixes(), self._own_pieces(), self._rollouts.own
            )
        yield from self._grow()
        opinions, silences, outcome = self._labels(bracket)
        return self._rollouts.finding(opinions, silences, outcome, tree=self._evidence())

    def _grow(self) -> Drawing:
        """Search rollouts from the pool until a limit is met."""
        while self._searches < self._settings.searches and self._can_pay(self._settings.k):
            popped = self._tree.pop()
            if popped is None:
                return
            self._searches += 1
            node, rollout = popped
            mode = SplitMode(self._settings.split)
            pieces = [piece.text for piece in split_steps(rollout.text, mode)]
            prefixes = [extended(node.prefix, "".join(pieces[:n])) for n in range(1, len(pieces))]
            yield from self._halve(node, prefixes, pieces)

    def _halve(
        self, start: Node, prefixes: Sequence[Prefix], pieces: Sequence[str], own: Sequence[int] = ()
    ) -> Halving:
        """Find the first of ``pieces`` after which nothing succeeds; the last of them is never rolled out.

        ``prefixes[n - 1]`` is what stands after ``n`` pieces, ``own[n - 1]`` the trace's own step that ends there.
        """
        good, bad, parent, stop = 0, len(pieces), start, ""
        while bad - good > 1:
            middle = (good + bad) // 2
            edge = "".join(pieces[good:middle])
            index = own[middle - 1] if own else None
            position = None if index is None else self._task.steps[index].position
            node = self._tree.node(prefixes[middle - 1], parent, edge, position)
            stop = yield from self._estimate(node, index, self._settings.k)
            if stop:
                break
            if node.tally.hits:
                good, parent = middle, node
            else:
                bad = middle
        bracket = Bracket(good, bad, stop)
        found = {"from": start.number, "good_through": parent.number, "error": "".join(pieces[good:bad])}
        self._found.append({**found, "is_closed": bracket.is_closed, **({"stopped": stop} if stop else {})})
        return bracket

    def _estimate(self, node: Node, index: int | None, n: int) -> Estimating:
        """Roll a prefix out, once for all; returns why its value is of no use, or nothing."""
        if node.number not in self._estimated:
            if not self._can_pay(n):
                return _BUDGET
            self._estimated.add(node.number)
            purpose = "self-confidence" if index == BARE else "tree"
            request = Request(node.prefix, n, self._settings.sampling, about=node.position, purpose=purpose)
            (completions,) = yield [request]
            self._count(node, completions)
            if index is not None:
                self._rollouts.questions[index] = request.digest
        if index is not None:
            self._rollouts.tallies[index] = node.tally
        return UNCLEAR if not node.tally.hits and node.tally.is_unclear(self._settings.max_unknown) else ""

    def _count(self, node: Node, completions: Sequence[Completion]) -> None:
        for completion in completions:
            outcome = self._grade(completion.text, self._rollouts.reference, completion.finish_reason)
            node.tally.add(completion, outcome)
            self._rollouts.tokens += completion.completion_tokens
            if outcome == "wrong":
                node.waiting.append(Rollout(completion.text, self._length(completion)))
        self._rollouts.completions += len(completions)

    def _length(self, completion: Completion) -> float:
        if completion.completion_tokens:
            return float(completion.completion_tokens)
        self._guessed_lengths += 1
        return len(completion.text) / _CHARACTERS_PER_TOKEN

    def _can_pay(self, n: int) -> bool:
        return self._rollouts.completions + n <= self._settings.max_rollouts

    def _own_pieces(self) -> list[str]:
        """The trace cut after each own step and what answered it."""
        ends = [*self._rollouts.own[1:], len(self._task.steps)]
        starts = [0, *self._rollouts.own[1:]]
        return [
            "".join(step.text for step in self._task.steps[start:end])
            for start, end in zip(starts, ends, strict=True)
        ]

    def _own_prefixes(self) -> list[Prefix]:
        return [prefix_messages(self._task, end - 1, self._settings) for end in self._rollouts.own[1:]]

    def _labels(self, bracket: Bracket | None) -> tuple[list[Opinion], list[Silence], str]:
        if self._outcome == "right":
            via = "the trace itself reaches the answer"
            return (
                [self._rollouts.opinion(i, True, score=1.0, via=via) for i in self._rollouts.own],
                [],
                "no error",
            )
        if bracket is None:
            reason = self._why_not_searched()
            return [], [self._rollouts.silence(index, reason) for index in self._rollouts.own], "unknown"
        own, opinions = self._rollouts.own, self._labels_before(bracket)
        spoken = {opinion.position for opinion in opinions}
        before = [index for index in own[: bracket.good] if self._task.steps[index].position not in spoken]
        silences = [self._rollouts.silence(index, _SKIPPED) for index in before]
        if not bracket.is_closed:
            reason = (
                f"{bracket.stop} the place of the error was known"
                if bracket.stop == _BUDGET
                else bracket.stop
            )
            silences += [self._rollouts.silence(index, reason) for index in own[bracket.good : bracket.bad]]
        elif bracket.bad < len(own):
            opinions.append(self._rollouts.opinion(own[bracket.bad - 1], False))
        elif self._settings.is_wrong_answer_bad:
            opinions.append(self._rollouts.opinion(own[-1], False, score=0.0, final_answer="wrong"))
        else:
            silences += [self._rollouts.silence(own[-1], "the final answer is wrong")]
        silences += [self._rollouts.silence(index, AFTER_ERROR) for index in own[bracket.bad :]]
        is_located = any(opinion.value == self._settings.bad for opinion in opinions)
        return opinions, silences, "located" if is_located else "unplaced"

    def _labels_before(self, bracket: Bracket) -> list[Opinion]:
        """The steps up to the last that was recovered from; those between the probes follow from it."""
        own, opinions = self._rollouts.own[: bracket.good], []
        steps = self._task.steps
        for place, index in enumerate(own):
            if index in self._rollouts.tallies:
                opinions.append(self._rollouts.opinion(index, True))
            elif self._settings.label_implied:
                probe = next(later for later in own[place:] if later in self._rollouts.tallies)
                opinions.append(self._rollouts.opinion(index, True, implied_by=steps[probe].position))
        return opinions

    def _why_not_searched(self) -> str:
        if self._outcome != "wrong":
            return f"the final answer is {self._outcome}"
        if self._tree.root.tally.is_unclear(self._settings.max_unknown):
            return UNCLEAR
        return "no rollout of the bare problem reaches the answer"

    def _evidence(self) -> Mapping[str, Any]:
        """The tree, bounded: what was left out is counted, never cut silently."""
        shown = [_node_evidence(node) for node in self._tree if node.number < _SHOWN_NODES]
        waiting = sum(len(node.waiting) for node in self._tree)
        found = [{**each, "error": _shortened(str(each["error"]))} for each in self._found[:_SHOWN_NODES]]
        return {
            "nodes": shown,
            "nodes_left_out": len(self._tree) - len(shown),
            "searches": self._searches,
            "errors": found,
            "errors_left_out": len(self._found) - len(found),
            "rollouts_waiting": waiting,
            "lengths_guessed": self._guessed_lengths,
        }


def _node_evidence(node: Node) -> dict[str, object]:
    mc = node.mc
    return {
        "number": node.number,
        "parent": node.parent,
        "edge": _shortened(node.edge),
        "position": node.position,
        "mc": None if mc is None else round(mc, 6),
        "hits": node.tally.hits,
        "misses": node.tally.misses,
        "unknown": node.tally.unknown,
        "visits": node.visits,
    }


def _shortened(text: str) -> str:
    left_out = len(text) - _SHOWN_CHARACTERS
    return text if left_out <= 0 else f"{text[:_SHOWN_CHARACTERS]} [{left_out} more characters]"
