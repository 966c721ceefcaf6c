from __future__ import annotations

import math

import pytest

from annotate.prelabel.asking.choices import Unread
from annotate.prelabel.asking.text_scores import scored_tokens, step_request
from annotate.prelabel.contracts import Completion, Message, StepTask, TokenScore, TraceTask


def test_step_is_scored_after_everything_before_it() -> None:
    steps = (StepTask(4, "look\n", "action"), StepTask(5, "a cat\n", "observation"), StepTask(6, "so cat"))
    request = step_request(TraceTask("Pets?", steps), 2, system="be brief", player="reference", purpose="p")
    assert request.messages == (
        Message("system", "be brief"),
        Message("user", "Pets?"),
        Message("assistant", "look\n"),
        Message("user", "a cat\n"),
    )
    assert (request.n, request.score, request.about, request.player) == (0, "so cat", 6, "reference")


@pytest.mark.parametrize(
    ("completion", "reason"),
    [
        (Completion("", "stop"), "the backend returned no log-probabilities"),
        (Completion("", "error", error="the context is full"), "the context is full"),
        (
            Completion("", "stop", scores=(TokenScore(0, 2, -1.0, 0.0),)),
            "the log-probabilities do not cover the whole text",
        ),
        (
            Completion("", "stop", scores=(TokenScore(0, 3, -math.inf, 0.0),)),
            "a log-probability is not finite",
        ),
    ],
)
def test_unusable_scores_are_refused(completion: Completion, reason: str) -> None:
    request = step_request(TraceTask("?", (StepTask(0, "abc"),)), 0, purpose="p")
    with pytest.raises(Unread) as caught:
        scored_tokens(request, [completion])
    assert str(caught.value) == reason


def test_white_space_may_go_without_a_token() -> None:
    request = step_request(TraceTask("?", (StepTask(0, "a b\n"),)), 0, purpose="p")
    tokens = (TokenScore(0, 1, -1.0, 0.0), TokenScore(2, 3, -1.0, 0.0))
    assert scored_tokens(request, [Completion("", "stop", scores=tokens)]) == tokens
