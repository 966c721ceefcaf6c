"""What all rollout strategies share: the settings, the prefix, drawing and grading continuations, the finding.

A rollout continues a prefix of the trace to its end; the share that reaches the reference answer says how
*recoverable* the prefix is, which is not whether its last step is *correct*: a strong model repairs errors, a weak
one fails after good steps.

Rules that hold for every strategy: the last step states an answer already, so it is graded and not rolled out;
truncated, failed and ungradable rollouts are unknown; only the continuation is graded, or an answer standing in the
prefix would leak in; the question's own pass rate SC(q) is stored with every label.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from annotate.prelabel.continuations.tally import Tally
from annotate.prelabel.contracts import (
    Completion,
    Finding,
    FinishReason,
    Message,
    Opinion,
    Request,
    Sampling,
    Silence,
    TraceTask,
)
from annotate.prelabel.grading import final_answers
from annotate.settings import require

Grade = Callable[[str, str, FinishReason], final_answers.Outcome]
Drawing = Generator[Sequence[Request], Sequence[Sequence[Completion]], None]

# The index of the bare problem, before any step.
BARE = -1
AFTER_ERROR = "after the first error"
UNCLEAR = "too many rollouts without an outcome"
UNMEASURED = "the pass rate of the question is unknown"


@dataclass(frozen=True, slots=True)
class RolloutSettings:
    """``k`` caps the rollouts per prefix, drawn in waves of ``first_wave``, then doubling totals.

    ``sc_samples`` attempts at the bare problem measure its pass rate SC(q); traces of one problem share them, 0 leaves
    it out. ``max_unknown`` is the share of unknown rollouts above which a prefix without success says nothing.
    ``is_wrong_answer_bad`` places the error at the last step when the answer is wrong and no earlier step was.
    ``instruction`` is put below the problem, for models that must be told how to state an answer. ``good`` and ``bad``
    are level keys of the criterion the run labels.
    """

    k: int = 8
    first_wave: int = 2
    sc_samples: int = 8
    max_unknown: float = 0.25
    is_wrong_answer_bad: bool = True
    instruction: str = ""
    system: str = ""
    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    max_tokens: int = 512
    stop: tuple[str, ...] = ()
    seed: int = 0
    good: str = "good"
    bad: str = "bad"

    def __post_init__(self) -> None:
        require(1 <= self.k <= 1024, "k", "must lie between 1 and 1024.")
        require(1 <= self.first_wave <= self.k, "first_wave", "must lie between 1 and k.")
        require(0 <= self.sc_samples <= 1024, "sc_samples", "must lie between 0 and 1024.")
        require(0 <= self.max_unknown < 1, "max_unknown", "must lie in [0, 1).")
        require(
            self.temperature > 0, "temperature", "must be above 0: greedy rollouts are copies of each other."
        )
        require(0 < self.top_p <= 1, "top_p", "must lie in (0, 1].")
        require(self.top_k >= 0, "top_k", "must not be negative.")
        require(self.max_tokens >= 1, "max_tokens", "must be at least 1.")
        require(self.good != self.bad, "bad", "must differ from good.")

    @property
    def sampling(self) -> Sampling:
        return Sampling(self.temperature, self.top_p, self.top_k, self.max_tokens, self.stop, self.seed)


def grade_completion(text: str, reference: str, finish_reason: FinishReason) -> final_answers.Outcome:
    return final_answers.grade(text, reference, finish_reason=finish_reason)


def unusable(task: TraceTask, grade: Grade = grade_completion) -> Finding | None:
    """What to return at once for a trace that rollouts cannot speak of; None for one they can."""
    reference = task.reference_answer
    if not task.steps:
        reason = "the trace has no steps"
    elif reference is None:
        reason = "no reference answer"
    elif grade(f"\\boxed{{{final_answers.stated_reference(reference)}}}", reference, "stop") != "right":
        reason = "the reference answer cannot be graded"
    else:
        return None
    return Finding(silences=(Silence(None, reason),))


def wave_sizes(first: int, cap: int, done: int = 0) -> Iterator[int]:
    """Sizes that double the total each time (2, 2, 4, 8 …) and end exactly at ``cap``."""
    while done < cap:
        size = min(max(first, done), cap - done)
        yield size
        done += size


def prefix_messages(task: TraceTask, through: int, settings: RolloutSettings) -> tuple[Message, ...]:
    """The problem as the user's turn, and steps 0..``through`` byte for byte as the turn to continue.

    An observation is said to the model, not by it: it becomes a user's turn of its own.
    """
    question = f"{task.problem}\n\n{settings.instruction}" if settings.instruction else task.problem
    turns: list[Message] = [Message("system", settings.system)] if settings.system else []
    turns.append(Message("user", question))
    for step in task.steps[: through + 1]:
        role = "user" if step.kind == "observation" else "assistant"
        if turns[-1].role == role and len(turns) > (2 if settings.system else 1):
            turns[-1] = Message(role, turns[-1].content + step.text)
        else:
            turns.append(Message("assistant" if role == "assistant" else "user", step.text))
    return tuple(turns)


class Rollouts:
    """The rollouts of one trace, by the index of the step they continue (``BARE``: the problem alone).

    ``own`` are the indices of the model's own steps. Observations are the environment's: no rollout starts before
    one that has been received, and none is judged.
    """

    def __init__(self, task: TraceTask, settings: RolloutSettings, grade: Grade = grade_completion) -> None:
        assert task.reference_answer is not None, "see unusable()"
        self.task = task
        self.settings = settings
        self.reference: str = task.reference_answer
        self.own: tuple[int, ...] = tuple(
            index for index, step in enumerate(task.steps) if step.kind != "observation"
        ) or tuple(range(len(task.steps)))
        self.tallies: dict[int, Tally] = {}
        # The digests of what was asked: traces that begin alike share answers, so a trace cannot find its own by place.
        self.questions: dict[int, str] = {}
        self.completions = 0
        self.tokens = 0
        self._grade = grade

    def tally(self, index: int) -> Tally:
        return self.tallies.setdefault(index, Tally())

    def draw(self, wanted: Mapping[int, int], purpose: str = "rollout") -> Drawing:
        """Draw ``wanted[index]`` more continuations after each of these steps, all in one batch."""
        places = [index for index, n in wanted.items() if n > 0]
        if not places:
            return
        requests = [self._request(index, wanted[index], purpose) for index in places]
        self.questions.update(zip(places, (request.digest for request in requests), strict=True))
        answers = yield requests
        for index, completions in zip(places, answers, strict=True):
            self._count(index, completions)

    def draw_until_success(self, index: int, cap: int, tau: float = 0.0) -> Drawing:
        """Draw in waves until more than ``tau`` of what can be known succeeded, or no longer can, or ``cap`` is met."""
        tally = self.tally(index)
        for size in wave_sizes(self.settings.first_wave, cap, tally.tried):
            is_lost = tally.hits + cap - tally.tried <= tau * (cap - tally.unknown)
            if self.is_good(index, cap, tau) or is_lost:
                return
            yield from self.draw({index: size})

    def draw_self_confidence(self) -> Drawing:
        """Attempt the bare problem ``sc_samples`` times."""
        yield from self.draw({BARE: self.settings.sc_samples - self.tally(BARE).tried}, "self-confidence")

    def is_good(self, index: int, cap: int, tau: float = 0.0) -> bool:
        """Whether more than ``tau`` of the known rollouts succeeded, whatever those missing up to ``cap`` would say."""
        tally = self.tally(index)
        return tally.hits > tau * (max(cap, tally.tried) - tally.unknown)

    def is_unclear(self, index: int) -> bool:
        return self.tally(index).is_unclear(self.settings.max_unknown)

    def verdict(self, index: int, cap: int, tau: float = 0.0) -> bool | None:
        """Whether the step is good; None where too many rollouts are unknown to call it bad."""
        if self.is_good(index, cap, tau):
            return True
        return None if self.is_unclear(index) else False

    def grade_last(self) -> final_answers.Outcome:
        """The outcome of the trace itself, read from its last own step."""
        return self._grade(self.task.steps[self.own[-1]].text, self.reference, "stop")

    def opinion(self, index: int, is_good: bool, *, score: float | None = None, **evidence: Any) -> Opinion:
        """A label for a step with its counts; ``score`` is the posterior mean of its pass rate unless given."""
        settings, counts = self.settings, {}
        if index in self.tallies:
            counts = {**self.tallies[index].evidence(), "question": self.questions.get(index, "")}
            score = self.tallies[index].posterior_mean if score is None else score
        return Opinion(
            self.task.steps[index].position,
            settings.good if is_good else settings.bad,
            score,
            evidence={**counts, **self._sc_evidence(), **evidence},
        )

    def silence(self, index: int, reason: str) -> Silence:
        counts = self.tallies[index].evidence() if index in self.tallies else {}
        if index in self.questions:
            counts["question"] = self.questions[index]
        return Silence(self.task.steps[index].position, reason, counts)

    def finding(
        self, opinions: Sequence[Opinion], silences: Sequence[Silence], outcome: str, **summary: Any
    ) -> Finding:
        """The finding with its totals; own steps it does not mention fall silent as lying after the error."""
        bad = [opinion.position for opinion in opinions if opinion.value == self.settings.bad]
        spoken = {opinion.position for opinion in opinions} | {silence.position for silence in silences}
        rest = [
            self.silence(index, AFTER_ERROR)
            for index in self.own
            if self.task.steps[index].position not in spoken
        ]
        totals = {**self._totals(outcome), "first_error": bad[0] if bad else None}
        return Finding(tuple(opinions), (*silences, *rest), {**totals, **summary})

    def silent(self, reason: str, outcome: str = "unknown") -> Finding:
        """The finding that says nothing about any step, for one reason that holds for the whole trace."""
        silence = Silence(None, reason, self._sc_evidence())
        return Finding(silences=(silence,), summary={**self._totals(outcome), "first_error": None})

    def _totals(self, outcome: str) -> dict[str, object]:
        spent = {"rollouts": self.completions, "tokens": self.tokens}
        return {"outcome": outcome, **spent, **self._sc_evidence()}

    def _sc_evidence(self) -> dict[str, object]:
        tally = self.tallies.get(BARE)
        if tally is None or not tally.known:
            return {}
        return {"self_confidence": round(tally.hits / tally.known, 6), "self_confidence_n": tally.known}

    def _request(self, index: int, n: int, purpose: str) -> Request:
        return Request(
            prefix_messages(self.task, self._through(index), self.settings),
            n,
            self.settings.sampling,
            about=None if index == BARE else self.task.steps[index].position,
            purpose=purpose,
        )

    def _through(self, index: int) -> int:
        """The step itself and the observations that answer it."""
        steps = self.task.steps
        while index >= 0 and index + 1 < len(steps) and steps[index + 1].kind == "observation":
            index += 1
        return index

    def _count(self, index: int, completions: Sequence[Completion]) -> None:
        tally = self.tally(index)
        for completion in completions:
            outcome = self._grade(completion.text, self.reference, completion.finish_reason)
            tally.add(completion, outcome)
            self.tokens += completion.completion_tokens
        self.completions += len(completions)
