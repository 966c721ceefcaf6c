from __future__ import annotations

import pytest

from annotate.errors import Rejected
from annotate.prelabel.contracts import Completion, Request, StepTask, TokenScore, TraceTask
from annotate.prelabel.probes.implicit import STRATEGY, ImplicitSettings, probe_implicit
from tests.annotate.prelabel.answering import reasons, run, trace, values
from tests.annotate.prelabel.probes.scoring import per_letter

SETTINGS = ImplicitSettings(reference_backend="openai:http://base/v1", beta=0.5)


def answer(request: Request, sample: int) -> Completion:
    """The tuned model reads letter by letter, the reference in one piece."""
    if request.player == "reference":
        return Completion("", "stop", scores=(TokenScore(0, len(request.score), -4.0, 0.0),))
    level = -1.0 if request.about == 0 else -3.0
    return Completion("", "stop", scores=per_letter(request.score, level))


def test_reward_is_the_log_ratio_over_the_same_text_however_it_is_cut() -> None:
    finding, asked = run(probe_implicit(trace("ab", "cd"), SETTINGS), answer)
    assert [(r.about, r.player, r.score) for r in asked] == [
        (0, "", "ab"),
        (0, "reference", "ab"),
        (1, "", "cd"),
        (1, "reference", "cd"),
    ]
    assert [o.score for o in finding.opinions] == pytest.approx([0.5 * (-2 + 4), 0.5 * (-6 + 4)])
    assert values(finding) == {0: "good", 1: "bad"}
    assert finding.summary == {"doubtful_first": [1, 0]}
    assert [finding.opinions[0].evidence[name] for name in ("tokens", "reference_tokens")] == [2, 1]


def test_beta_changes_no_order() -> None:
    finding, _ = run(probe_implicit(trace("ab", "cd"), ImplicitSettings(reference_backend="x")), answer)
    assert [o.score for o in finding.opinions] == pytest.approx([0.01, -0.01])


def test_silence_of_either_model_is_silence() -> None:
    def half(request: Request, sample: int) -> Completion:
        if request.player == "reference" and request.about == 1:
            return Completion("", "error", error="the server is down")
        return answer(request, sample)

    finding, _ = run(probe_implicit(trace("ab", "cd"), SETTINGS), half)
    assert (list(values(finding)), reasons(finding)) == ([0], {1: "the server is down"})


def test_observations_and_blank_steps_are_not_scored() -> None:
    steps = (StepTask(0, "ab", "action"), StepTask(1, "xy", "observation"), StepTask(2, "\n"))
    finding, asked = run(probe_implicit(TraceTask("?", steps), SETTINGS), answer)
    assert {r.about for r in asked} == {0}
    assert reasons(finding) == {2: "the step is empty"}


def test_second_model_is_named_by_the_settings() -> None:
    assert STRATEGY.player_addresses({"reference_backend": "openai:http://base/v1"}) == {
        "reference": "openai:http://base/v1"
    }


@pytest.mark.parametrize(
    ("bad", "field"),
    [({}, "reference_backend"), ({"reference_backend": "x", "beta": 0.0}, "beta")],
)
def test_bad_settings_name_the_field(bad: dict[str, object], field: str) -> None:
    with pytest.raises(Rejected) as caught:
        STRATEGY.settings(bad)
    assert caught.value.field == field
