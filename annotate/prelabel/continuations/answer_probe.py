"""How probable an answer is after each step of a trace: what the answer probes share.

The prefix of the trace is continued by a forced opening ("The answer is:"), and the answer's log-probability after it
is read; nothing is generated. Only the answer's own tokens count. White space that ends the opening is put in front of
the answer, where most tokenizers keep it.

A probe ranks steps; it never labels alone. From the first step that states the answer on, its probability says that the
model can copy: those later steps are masked.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from annotate.prelabel.asking.text_scores import scored_tokens
from annotate.prelabel.continuations.rollouts import BARE, RolloutSettings, prefix_messages
from annotate.prelabel.contracts import (
    Completion,
    Finding,
    Message,
    Opinion,
    Request,
    Silence,
    StepTask,
    TraceTask,
)
from annotate.prelabel.grading import answers, final_answers
from annotate.settings import require

STATED = "the answer has been stated"
EMPTY = "the step is empty"
_NUMBER = re.compile(
    r"\\[dt]?frac\{\d+\}\{\d+\}|(?:(?<![\w.)])-)?(?<![\w.])\d[\d,]*(?:\.\d+)?(?:\s*/\s*\d+)?%?"
)


@dataclass(frozen=True, slots=True)
class ProbeSettings:
    """From ``threshold`` on a step gets the level ``good``, below it ``bad``; the signal itself is the label's score.

    ``instruction`` is put below the problem, as in rollouts.
    """

    threshold: float = 0.0
    instruction: str = ""
    system: str = ""
    good: str = "good"
    bad: str = "bad"

    def __post_init__(self) -> None:
        require(math.isfinite(self.threshold), "threshold", "must be a finite number.")
        require(self.good != self.bad, "bad", "must differ from good.")


class Contexts:
    """The trace cut after each of its own steps. ``cuts`` are indices of steps, ``BARE`` (nothing yet) first.

    What an action got back belongs to it, so a cut lies behind the observations that follow. A blank step makes no cut
    of its own: ``before[index]`` and ``after[index]`` are then the same.
    """

    def __init__(self, task: TraceTask, settings: ProbeSettings) -> None:
        self._task = task
        self._shape = RolloutSettings(instruction=settings.instruction, system=settings.system)
        self.own = tuple(index for index, step in enumerate(task.steps) if step.kind != "observation")
        self.before: dict[int, int] = {}
        self.after: dict[int, int] = {}
        cut = BARE
        for index in self.own:
            self.before[index] = cut
            cut = index if task.steps[index].text.strip() else cut
            self.after[index] = cut
        self.cuts = tuple(dict.fromkeys([BARE, *self.after.values()]))

    def messages(self, cut: int, opening: str) -> tuple[Message, ...]:
        """The prefix through ``cut``, its last turn opened with ``opening`` for the answer to follow."""
        messages = prefix_messages(self._task, self._through(cut), self._shape)
        last = messages[-1]
        if last.role != "assistant":
            return (*messages, Message("assistant", opening.lstrip()))
        is_new_line = last.content.endswith("\n")
        return (
            *messages[:-1],
            Message("assistant", last.content + (opening.lstrip() if is_new_line else opening)),
        )

    def about(self, cut: int) -> int | None:
        return None if cut == BARE else self._task.steps[cut].position

    def _through(self, cut: int) -> int:
        steps = self._task.steps
        while cut >= 0 and cut + 1 < len(steps) and steps[cut + 1].kind == "observation":
            cut += 1
        return cut


def answer_request(contexts: Contexts, cut: int, opening: str, answer: str, purpose: str) -> Request:
    """Asks for the log-probability of ``answer`` after ``opening`` after the cut."""
    stem = opening.rstrip()
    gap = opening[len(stem) :]
    return Request(
        contexts.messages(cut, stem), n=0, score=gap + answer, about=contexts.about(cut), purpose=purpose
    )


def mean_logprob(request: Request, completions: Sequence[Completion]) -> float:
    """Mean log-probability (nats) over the tokens that write the scored text, white space before it left out.

    The mean, because answers differ in length. Raises Unread with the backend's reason, or where a token is missing.
    """
    text = request.score
    tokens = [token for token in scored_tokens(request, completions) if text[token.start : token.end].strip()]
    return math.fsum(token.logprob for token in tokens) / len(tokens)


def unprobed(task: TraceTask) -> Finding | None:
    """What to return at once for a trace without steps or without a reference answer."""
    if not task.steps:
        return Finding(silences=(Silence(None, "the trace has no steps"),))
    if task.reference_answer is None or not final_answers.stated_reference(task.reference_answer):
        return Finding(silences=(Silence(None, "no reference answer"),))
    return None


def silent_steps(task: TraceTask, contexts: Contexts, answer: str) -> dict[int, str]:
    """Own steps of which no probe speaks, with the reason: blank ones, and those after ``answer`` was stated."""
    stated = stated_at(task.steps, answer)
    reasons = {index: EMPTY for index in contexts.own if not task.steps[index].text.strip()}
    for index in contexts.own:
        if stated is not None and index > stated:
            reasons.setdefault(index, STATED)
    return reasons


def stated_at(steps: Sequence[StepTask], answer: str) -> int | None:
    """Index of the first step that holds the answer as a number or as whole words; None when none does.

    A number that equals the answer by chance counts: better one step too few than a signal that is a copy.
    """
    return next((index for index, step in enumerate(steps) if holds(step.text, answer)), None)


def holds(text: str, answer: str) -> bool:
    """Whether ``answer`` stands in ``text``, numbers compared by value and words without case and spacing."""
    number = answers.plain_number(answer)
    if number is not None:
        found = (answers.plain_number(match) for match in _NUMBER.findall(text))
        return any(other is not None and number.agrees_with(other) for other in found)
    words = r"\s+".join(re.escape(word) for word in answer.split())
    # A choice letter is a word of its own kind: "a" in a sentence is not the answer A.
    flags = re.NOFLAG if answers.choice_letter(answer) else re.IGNORECASE
    return re.search(rf"(?<!\w){words}(?!\w)", text, flags) is not None


def ranking_opinion(
    position: int, signal: float, settings: ProbeSettings, evidence: dict[str, object]
) -> Opinion:
    """A probe's label: the signal is its score, and the evidence says that it only ranks."""
    value = settings.good if signal >= settings.threshold else settings.bad
    return Opinion(position, value, signal, evidence={**evidence, "is_ranking_only": True})


def ranking(opinions: Sequence[Opinion]) -> list[int | None]:
    """Positions from the most to the least doubtful, for whoever decides where to look first."""
    return [opinion.position for opinion in sorted(opinions, key=lambda one: one.score or 0.0)]
