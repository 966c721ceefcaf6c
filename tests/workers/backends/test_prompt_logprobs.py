"""The end of a prompt, matched against the text it should spell."""

from __future__ import annotations

from typing import Any

import pytest

from workers.backends.prompt_logprobs import Unmatched, scores_from


def entries(*pieces: tuple[str, float], best: float = -0.1) -> list[Any]:
    """vLLM's list: nothing for the first token, then each token with a more probable one after it."""
    ranked = [
        {
            str(number): {"logprob": logprob, "decoded_token": piece},
            "9999": {"logprob": max(best, logprob), "decoded_token": "?"},
        }
        for number, (piece, logprob) in enumerate(pieces)
    ]
    return [None, *ranked]


def test_tokens_that_spell_the_text_are_scored_with_their_places() -> None:
    found = scores_from(entries(("so ", -9.0), ("2 +", -1.0), (" 2", -2.0)), "2 + 2")
    assert [(one.start, one.end, one.logprob, one.best_logprob) for one in found] == [
        (0, 3, -1.0, -0.1),
        (3, 5, -2.0, -0.1),
    ]


def test_first_token_that_begins_before_the_text_counts_with_the_part_inside() -> None:
    found = scores_from(entries(("so", -9.0), (".\n\nNext", -1.0), (" step", -2.0)), "Next step")
    assert [(one.start, one.end, one.logprob) for one in found] == [(0, 4, -1.0), (4, 9, -2.0)]


def test_bytes_of_one_character_all_count_also_at_the_texts_start() -> None:
    """vLLM spells the tokens of a character's first bytes as nothing and its last one as the whole character."""
    pieces = (("so ", -9.0), ("", -1.0), ("é", -2.0), ("x", -4.0), ("", -8.0), ("", -16.0), ("≤", -32.0))
    found = scores_from(entries(*pieces), "éx≤")
    assert sum(one.logprob for one in found) == -63.0
    assert "".join("éx≤"[one.start : one.end] for one in found) == "éx≤"


def test_text_from_the_prompts_very_start_is_scored_as_far_as_the_server_can() -> None:
    with pytest.raises(Unmatched, match="shorter"):
        scores_from([None], "x")
    assert len(scores_from(entries(("x", -1.0)), "x")) == 1


@pytest.mark.parametrize("pieces", [(("2 +", -1.0), ("3", -2.0)), (("\N{REPLACEMENT CHARACTER}", -1.0),)])
def test_prompt_that_does_not_spell_the_text_is_refused(pieces: tuple[tuple[str, float], ...]) -> None:
    with pytest.raises(Unmatched):
        scores_from(entries(*pieces), "2 + é")
