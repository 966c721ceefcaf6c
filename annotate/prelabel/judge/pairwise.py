"""Say which of two traces, or of two next steps, is better.

The judge first writes down the principle that decides and holds both candidates against it (WebArbiter, arXiv
2601.21872), then answers. Both orders are asked, each with a comparison of its own, since judges favour a place. Their
probabilities are added as in TrustJudge (arXiv 2509.21117): ``m[k] = p_order1[k] + p_order2[swapped k]``; below a
margin of ``2 * delta`` between the first two it is a tie. ``left_wins`` in the evidence scores the orders as ToolComp
does (arXiv 2501.01290): 1 when both prefer the left, 0 when neither does, 0.5 when they differ.

Departures: the answer is asked in a turn after the comparison, so that its probabilities can be read; ``delta`` has a
default of our own; the variant that keeps one order measures perplexity over the comparison it wrote.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from annotate.errors import Rejected
from annotate.prelabel import prompts
from annotate.prelabel.asking.choices import Unread, read_choices
from annotate.prelabel.asking.questions import QuestionSettings, require_mass
from annotate.prelabel.asking.quoting import mark_for, quoted
from annotate.prelabel.contracts import (
    Completion,
    Finding,
    Message,
    Opinion,
    PairTask,
    Request,
    Sampling,
    Silence,
    Strategy,
)
from annotate.prelabel.entries import StrategyEntry
from annotate.settings import require

Shares = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class PairwiseSettings(QuestionSettings):
    """``left``, ``right`` and ``tie`` are level keys; a criterion without the last has no ties.

    ``delta`` is the margin between the averaged probabilities below which neither is better. ``on_conflict`` says what
    to do when the two orders prefer different candidates: ``merge`` their probabilities, fall ``silent``, or keep the
    ``likelier`` order, whose comparison has the lower perplexity. ``orders`` has no effect: there are two.

    With ``principle`` the judge first writes a comparison of at most ``comparison_tokens``.
    """

    left: str = "left"
    right: str = "right"
    tie: str = "tie"
    delta: float = 0.05
    on_conflict: Literal["merge", "silent", "likelier"] = "merge"
    principle: bool = True
    comparison_tokens: int = 1024

    def __post_init__(self) -> None:
        QuestionSettings.__post_init__(self)
        require(len({self.left, self.right, self.tie}) == 3, "right", "left, right and tie must differ.")
        require(bool(self.left), "left", "must name a level.")
        require(bool(self.right), "right", "must name a level.")
        require(0 <= self.delta < 1, "delta", "must lie in [0, 1).")
        is_weighed = self.principle or self.on_conflict != "likelier"
        require(is_weighed, "on_conflict", "likelier needs the comparison that principle asks for.")
        require(self.comparison_tokens >= 1, "comparison_tokens", "must be at least 1.")
        require(self.show_reference != "solution", "show_reference", "a pair has no reference solution.")


def judge_pair(task: PairTask, settings: PairwiseSettings) -> Strategy:
    """Compare in both orders, then ask both for the verdict."""
    if not (task.left.strip() and task.right.strip()):
        return Finding(silences=(Silence(None, "one of the two is empty"),))
    judge = _PairJudge(task, settings)
    if task.left == task.right:
        return Finding(silences=(Silence(None, "the two are the same text"),))
    comparisons: Sequence[Completion | None] = (None, None)
    if settings.principle:
        answers = yield [judge.comparison(is_swapped) for is_swapped in (False, True)]
        comparisons = [completions[0] for completions in answers]
        if (reason := _why_unfinished(comparisons)) is not None:
            return Finding(silences=(Silence(None, reason),))
    verdicts = yield [judge.verdict(bool(order), comparisons[order]) for order in (0, 1)]
    try:
        views = [judge.view(bool(order), verdicts[order], comparisons[order]) for order in (0, 1)]
    except Unread as reason:
        return Finding(silences=(Silence(None, str(reason)),))
    return judge.finding(views)


@dataclass(frozen=True, slots=True)
class _View:
    """What one order says, in terms of the levels; ``perplexity`` is its comparison's, where the backend tells."""

    shares: Shares
    best: str | None
    perplexity: float | None
    evidence: Mapping[str, Any]


class _PairJudge:
    def __init__(self, task: PairTask, settings: PairwiseSettings) -> None:
        if task.criterion is None:
            raise Rejected("the run labels no criterion.", field="criterion")
        self._levels = {level.key: level.score for level in task.criterion.levels}
        for name in ("left", "right"):
            if getattr(settings, name) not in self._levels:
                key, level = task.criterion.key, getattr(settings, name)
                raise Rejected(f"{key} has no level {level!r}.", field=name)
        self._task, self._settings = task, settings
        self._has_tie = settings.tie in self._levels
        self._letters = "ABC" if self._has_tie else "AB"
        # The same whichever side is which: the two orders of a pair are then the same two questions, paid for once.
        self._mark = mark_for((task.problem, task.prefix, *sorted((task.left, task.right))))

    def comparison(self, is_swapped: bool) -> Request:
        settings = self._settings
        text = prompts.load("pair-principle@v1").render(context=self._context(is_swapped))
        sampling = Sampling(settings.temperature, max_tokens=settings.comparison_tokens, seed=settings.seed)
        return Request(self._opened(text), 1, sampling, purpose="comparison")

    def verdict(self, is_swapped: bool, comparison: Completion | None) -> Request:
        settings = self._settings
        answers = "\n".join(self._answers())
        if comparison is None:
            context = self._context(is_swapped)
            messages = self._opened(prompts.load("pair-direct@v1").render(context=context, answers=answers))
        else:
            asked = prompts.load("pair-verdict@v1").render(answers=answers)
            said = Message("assistant", comparison.text)
            messages = (*self.comparison(is_swapped).messages, said, Message("user", asked))
        choices = tuple(self._letters)
        return Request(messages, settings.votes, settings.sampling, choices=choices, purpose="verdict")

    def view(self, is_swapped: bool, verdicts: Sequence[Completion], comparison: Completion | None) -> _View:
        settings = self._settings
        reading = read_choices(verdicts, tuple(self._letters))
        require_mass(reading, settings.min_mass)
        first, second = (settings.left, settings.right)[:: -1 if is_swapped else 1]
        names = dict(zip("ABC", (first, second, settings.tie), strict=True))
        shares = {names[letter]: p for letter, p in reading.probabilities.items()}
        best = names[reading.best] if reading.best else None
        perplexity = _perplexity(comparison)
        evidence = {
            "shown_first": first,
            "value": best,
            "probabilities": {key: round(p, 6) for key, p in shares.items()},
            "perplexity": None if perplexity is None else round(perplexity, 6),
            "mass": reading.mass,
            "read_from": reading.source,
        }
        return _View(shares, best, perplexity, evidence)

    def finding(self, views: Sequence[_View]) -> Finding:
        """A label, or a silence where the settings want none from what the two orders say; both with what they said."""
        settings = self._settings
        is_consistent = views[0].best == views[1].best
        wins = {settings.left: 1.0, settings.right: 0.0}
        evidence = {
            "is_consistent": is_consistent,
            "on_conflict": settings.on_conflict,
            "left_wins": sum(wins.get(view.best or "", 0.5) for view in views) / 2,
            "orders": [view.evidence for view in views],
        }
        summary = {"is_consistent": is_consistent}
        try:
            used = self._used(views, is_consistent)
            value, margin = self._decided(used)
        except Unread as reason:
            return Finding((), (Silence(None, str(reason), evidence),), summary)
        evidence["margin"] = round(margin, 6)
        opinion = Opinion(None, value, self._score(used), dict(used), evidence=evidence)
        return Finding((opinion,), (), summary)

    def _used(self, views: Sequence[_View], is_consistent: bool) -> Shares:
        if is_consistent or self._settings.on_conflict == "merge":
            return {key: (views[0].shares[key] + views[1].shares[key]) / 2 for key in views[0].shares}
        if self._settings.on_conflict == "silent":
            raise Unread("the two orders disagree")
        first, second = (view.perplexity for view in views)
        if first is None or second is None:
            raise Unread("the two orders disagree, and the backend told no likelihood to choose by")
        return views[0].shares if first <= second else views[1].shares

    def _decided(self, shares: Shares) -> tuple[str, float]:
        first, second = sorted(shares.values(), reverse=True)[:2]
        if first - second < self._settings.delta or math.isclose(first, second, abs_tol=1e-12):
            if not self._has_tie:
                raise Unread("neither is clearly better, and the criterion has no level for a tie")
            return self._settings.tie, first - second
        return max(shares, key=lambda key: shares[key]), first - second

    def _score(self, shares: Shares) -> float | None:
        scores = {key: self._levels[key] for key in shares}
        known = {key: score for key, score in scores.items() if score is not None}
        return math.fsum(shares[key] * known[key] for key in shares) if len(known) == len(shares) else None

    def _context(self, is_swapped: bool) -> str:
        task = self._task
        parts = [("Problem", task.problem)]
        if self._settings.show_reference == "answer" and task.reference_answer is not None:
            parts.append(("Reference answer", task.reference_answer))
        if task.prefix:
            parts.append(("So far", task.prefix))
        first, second = (task.left, task.right)[:: -1 if is_swapped else 1]
        return quoted([*parts, ("Candidate A", first), ("Candidate B", second)], self._mark)

    def _opened(self, text: str) -> tuple[Message, ...]:
        system = (Message("system", self._settings.system),) if self._settings.system else ()
        return (*system, Message("user", text))

    def _answers(self) -> list[str]:
        lines = ["A: candidate A is better", "B: candidate B is better", "C: neither is better"]
        return lines[: len(self._letters)]


def _perplexity(completion: Completion | None) -> float | None:
    if completion is None or completion.logprob is None or not completion.completion_tokens:
        return None
    return math.exp(-completion.logprob / completion.completion_tokens)


def _why_unfinished(comparisons: Sequence[Completion | None]) -> str | None:
    for completion in comparisons:
        if completion is None or (completion.finish_reason == "stop" and completion.text.strip()):
            continue
        reasons = {"length": "the comparison was cut off", "refused": "the model refused to compare"}
        return reasons.get(completion.finish_reason) or completion.error or "the comparison is missing"
    return None


STRATEGY = StrategyEntry(
    "judge/pairwise",
    "judge",
    "Judge of pairs",
    PairwiseSettings,
    judge_pair,
    summary="Names the principle that decides, compares the two in both orders, and says which is better.",
    task="pair",
    usual_criterion="preference",
)
