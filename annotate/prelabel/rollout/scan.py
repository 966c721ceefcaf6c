"""Front-to-back Monte-Carlo scan with early stopping.

After each step the model continues the solution up to ``k`` times; a step is good as soon as one continuation
reaches the reference answer and bad when none of ``k`` does (the hard label of Math-Shepherd, arXiv
2312.08935, at the threshold 0 that arXiv 2501.07301 found best). The first bad step ends the scan: what
follows is not assessed.

Such a label says that the prefix is *recoverable*, not that the step is *correct*: a strong model repairs
errors, a weak one fails after good steps. The run chooses the criterion it labels, and may choose one that
says so.

Where it departs from the published recipes: rollouts come in waves (2, 2, 4, …) and stop with the first
success, which gives the identical hard label for a fraction of the cost; the exported soft value is therefore
a posterior mean, never ``hits / tried``, which early stopping biases upwards. Truncated, failed and
ungradable rollouts are unknown. The last step is graded, not rolled out. A zero may be confirmed with more
rollouts before it is called an error.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field

from annotate.prelabel import grading
from annotate.prelabel.contracts import (
    Completion,
    Finding,
    FinishReason,
    Message,
    Opinion,
    Request,
    Sampling,
    Silence,
    Strategy,
    TraceTask,
)
from annotate.settings import require

Grade = Callable[[str, str, FinishReason], grading.Outcome]

# A uniform prior. The likelihood of waves that stopped on a success is p^hits (1-p)^misses, whatever stopped
# them.
PRIOR_HITS, PRIOR_MISSES = 1.0, 1.0


@dataclass(frozen=True, slots=True)
class ScanSettings:
    """``k`` caps the rollouts per step; ``confirm`` raises it to ``k_confirm`` at a step that would be called
    bad.

    A step is good when more than ``tau * k`` rollouts succeed. ``max_unknown`` is the share of unknown
    rollouts above which a step without success gets no label. ``instruction`` is put below the problem, for
    models that must be told how to state an answer. ``good`` and ``bad`` are level keys of the criterion the
    run labels.
    """

    k: int = 8
    first_wave: int = 2
    tau: float = 0.0
    confirm: bool = False
    k_confirm: int = 16
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
        require(1 <= self.k <= 256, "k", "must lie between 1 and 256.")
        require(1 <= self.first_wave <= self.k, "first_wave", "must lie between 1 and k.")
        require(0 <= self.tau < 1, "tau", "must lie in [0, 1).")
        require(self.k <= self.k_confirm <= 1024, "k_confirm", "must lie between k and 1024.")
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


@dataclass(slots=True)
class _Tally:
    """Rollouts of one step, counted by what they are evidence of."""

    hits: int = 0
    misses: int = 0
    truncated: int = 0
    failed: int = 0
    ungradable: int = 0
    reasons: list[str] = field(default_factory=list)

    @property
    def unknown(self) -> int:
        return self.truncated + self.failed + self.ungradable

    @property
    def tried(self) -> int:
        return self.hits + self.misses + self.unknown

    @property
    def posterior_mean(self) -> float:
        return (PRIOR_HITS + self.hits) / (PRIOR_HITS + PRIOR_MISSES + self.hits + self.misses)

    def add(self, completion: Completion, outcome: grading.Outcome) -> None:
        if outcome == "right":
            self.hits += 1
        elif outcome == "wrong":
            self.misses += 1
        elif outcome == "truncated":
            self.truncated += 1
        elif completion.finish_reason == "stop":
            self.ungradable += 1
        else:
            self.failed += 1
            if completion.error and completion.error not in self.reasons:
                self.reasons.append(completion.error)

    def evidence(self) -> dict[str, object]:
        counts: dict[str, object] = {
            "hits": self.hits,
            "misses": self.misses,
            "unknown": self.unknown,
            "tried": self.tried,
            "posterior_mean": round(self.posterior_mean, 6),
        }
        kinds = {"truncated": self.truncated, "failed": self.failed, "ungradable": self.ungradable}
        counts.update({kind: count for kind, count in kinds.items() if count})
        if self.reasons:
            counts["errors"] = self.reasons[:3]
        return counts


def prefix_messages(task: TraceTask, through: int, settings: ScanSettings) -> tuple[Message, ...]:
    """The problem as the user's turn, and steps 0..``through`` byte for byte as the turn to continue."""
    question = f"{task.problem}\n\n{settings.instruction}" if settings.instruction else task.problem
    prefix = "".join(step.text for step in task.steps[: through + 1])
    system = (Message("system", settings.system),) if settings.system else ()
    return (*system, Message("user", question), Message("assistant", prefix))


def wave_sizes(first: int, cap: int, done: int = 0) -> Iterator[int]:
    """Sizes that double the total each time (2, 2, 4, 8 …) and end exactly at ``cap``."""
    while done < cap:
        size = min(max(first, done), cap - done)
        yield size
        done += size


def grade_completion(text: str, reference: str, finish_reason: FinishReason) -> grading.Outcome:
    return grading.grade(text, reference, finish_reason=finish_reason)


def scan(task: TraceTask, settings: ScanSettings, grade: Grade = grade_completion) -> Strategy:
    """Label the steps of one trace front to back until the first that no rollout recovers from."""
    if not task.steps:
        return Finding(silences=(Silence(None, "the trace has no steps"),))
    reference = task.reference_answer
    if (
        reference is None
        or grade(f"\\boxed{{{grading.stated_reference(reference)}}}", reference, "stop") != "right"
    ):
        reason = "no reference answer" if reference is None else "the reference answer cannot be graded"
        return Finding(silences=(Silence(None, reason),))
    return (yield from _Scan(task, settings, reference, grade).run())


class _Scan:
    def __init__(self, task: TraceTask, settings: ScanSettings, reference: str, grade: Grade) -> None:
        self._task = task
        self._settings = settings
        self._reference = reference
        self._grade = grade
        self._opinions: list[Opinion] = []
        self._silences: list[Silence] = []
        self._rollouts = 0
        # A step without a label since the last known success: an error found now could be that step's.
        self._has_gap = False

    def run(self) -> Strategy:
        last = len(self._task.steps) - 1
        for index in range(last):
            tally = yield from self._roll_out(index)
            if not self._judge(index, tally):
                return self._finding("located" if self._opinions_end_bad() else "unplaced")
        return self._grade_last_step(last)

    def _roll_out(self, index: int) -> Generator[Sequence[Request], Sequence[Sequence[Completion]], _Tally]:
        tally = _Tally()
        yield from self._sample(index, tally, self._settings.k)
        needs_confirmation = not self._is_good(tally, self._settings.k) and not self._is_unclear(tally)
        if self._settings.confirm and needs_confirmation:
            yield from self._sample(index, tally, self._settings.k_confirm)
        return tally

    def _sample(
        self, index: int, tally: _Tally, cap: int
    ) -> Generator[Sequence[Request], Sequence[Sequence[Completion]], None]:
        messages = prefix_messages(self._task, index, self._settings)
        for size in wave_sizes(self._settings.first_wave, cap, tally.tried):
            request = Request(
                messages,
                size,
                self._settings.sampling,
                about=self._task.steps[index].position,
                purpose="rollout",
            )
            (completions,) = yield [request]
            for completion in completions:
                outcome = self._grade(completion.text, self._reference, completion.finish_reason)
                tally.add(completion, outcome)
            self._rollouts += len(completions)
            can_still_pass = tally.hits + cap - tally.tried > self._settings.tau * cap
            if self._is_good(tally, cap) or not can_still_pass:
                return

    def _is_good(self, tally: _Tally, cap: int) -> bool:
        return tally.hits > self._settings.tau * max(cap, tally.tried)

    def _is_unclear(self, tally: _Tally) -> bool:
        return tally.tried == 0 or tally.unknown / tally.tried > self._settings.max_unknown

    def _judge(self, index: int, tally: _Tally) -> bool:
        """Take note of one step; False ends the scan."""
        position, evidence = self._task.steps[index].position, tally.evidence()
        if self._is_good(tally, self._settings.k):
            self._has_gap = False
            self._opinions.append(
                Opinion(position, self._settings.good, tally.posterior_mean, evidence=evidence)
            )
            return True
        if self._is_unclear(tally):
            self._has_gap = True
            self._silences.append(Silence(position, "too many rollouts without an outcome", evidence))
            return True
        if self._has_gap:
            reason = "no rollout succeeded, but after an unknown step the first error has no certain place"
            self._silences.append(Silence(position, reason, evidence))
        else:
            self._opinions.append(
                Opinion(position, self._settings.bad, tally.posterior_mean, evidence=evidence)
            )
        self._fall_silent(index + 1)
        return False

    def _grade_last_step(self, index: int) -> Finding:
        step = self._task.steps[index]
        outcome = self._grade(step.text, self._reference, "stop")
        evidence = {"final_answer": outcome}
        if outcome == "right":
            self._opinions.append(Opinion(step.position, self._settings.good, 1.0, evidence=evidence))
            return self._finding("no error")
        if outcome == "wrong" and self._settings.is_wrong_answer_bad and not self._has_gap:
            self._opinions.append(Opinion(step.position, self._settings.bad, 0.0, evidence=evidence))
            return self._finding("located")
        reason = "the final answer is wrong" if outcome == "wrong" else f"the final answer is {outcome}"
        self._silences.append(Silence(step.position, reason, evidence))
        return self._finding("unplaced" if outcome == "wrong" else "unknown")

    def _fall_silent(self, start: int) -> None:
        self._silences.extend(
            Silence(step.position, "after the first error") for step in self._task.steps[start:]
        )

    def _opinions_end_bad(self) -> bool:
        return bool(self._opinions) and self._opinions[-1].value == self._settings.bad

    def _finding(self, outcome: str) -> Finding:
        bad = [opinion.position for opinion in self._opinions if opinion.value == self._settings.bad]
        summary = {"outcome": outcome, "first_error": bad[0] if bad else None, "rollouts": self._rollouts}
        return Finding(tuple(self._opinions), tuple(self._silences), summary)
