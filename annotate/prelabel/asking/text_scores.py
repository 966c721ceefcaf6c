"""Log-probabilities of given texts: of a trace's steps as they were written, each given everything before it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from annotate.prelabel.asking.choices import Unread
from annotate.prelabel.continuations.rollouts import RolloutSettings, prefix_messages
from annotate.prelabel.contracts import Completion, Request, TokenScore, TraceTask


def step_request(
    task: TraceTask, index: int, *, instruction: str = "", system: str = "", player: str = "", purpose: str
) -> Request:
    """Asks ``player`` for the log-probabilities of the step at ``index``; nothing is generated."""
    shape = RolloutSettings(instruction=instruction, system=system)
    step = task.steps[index]
    return Request(
        prefix_messages(task, index - 1, shape),
        n=0,
        score=step.text,
        player=player,
        about=step.position,
        purpose=purpose,
    )


def scored_tokens(request: Request, completions: Sequence[Completion]) -> tuple[TokenScore, ...]:
    """The tokens that write the scored text, all of it. Raises Unread where one is missing or not finite.

    Every model cuts a text its own way; sums over the whole text can be compared all the same.
    """
    completion = completions[0] if completions else None
    if completion is None or not completion.scores:
        raise Unread((completion.error if completion else "") or "the backend returned no log-probabilities")
    covered = {place for token in completion.scores for place in range(token.start, token.end)}
    if any(place not in covered for place, letter in enumerate(request.score) if not letter.isspace()):
        raise Unread("the log-probabilities do not cover the whole text")
    numbers = [number for token in completion.scores for number in (token.logprob, token.best_logprob)]
    if not all(map(math.isfinite, numbers)):
        raise Unread("a log-probability is not finite")
    return completion.scores
