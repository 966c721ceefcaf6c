from __future__ import annotations

import pytest

from annotate.enums import CandidateKind
from annotate.errors import Rejected
from tests.annotate.ingest.presets.labelling import (
    WORDS,
    answer_in_order,
    bob_is_given,
    bob_opens,
    counted,
    open_now,
    say,
)

pytestmark = pytest.mark.django_db


def test_every_proposal_is_rated_and_one_is_picked_where_the_step_is_bad() -> None:
    held = bob_opens("prm800k-walk", kinds=("thought",) * 3)
    bob_is_given(held, 0, CandidateKind.ALTERNATIVE, "One.", "Two.")
    bob_is_given(held, 1, CandidateKind.ALTERNATIVE, "Three.")
    said = {
        ("verdict", 0): "bad",
        ("alternative-verdict", 0): "neutral/good",
        ("pick", 0): "1",
        ("verdict", 1): "good",
        ("alternative-verdict", 1): "bad",
        ("verdict", 2): "good",
    }
    assert answer_in_order(held, said) == list(said)
    assert counted(held) == said


def test_where_none_will_do_one_writes_ones_own() -> None:
    held = bob_opens("prm800k-walk", kinds=("thought",))
    bob_is_given(held, 0, CandidateKind.ALTERNATIVE, "One.")
    say(held, "verdict", 0, "bad")
    with pytest.raises(Rejected, match="has no alternative 7"):
        say(held, "pick", 0, "7")
    with pytest.raises(Rejected, match="pick one, or write your own"):
        say(held, "pick", 0, WORDS)
    answer_in_order(held, {("alternative-verdict", 0): "bad", ("pick", 0): f"{WORDS}Better."})
    assert counted(held)["pick", 0] == f"{WORDS}Better."


def test_a_bad_step_without_alternatives_asks_for_no_pick() -> None:
    held = bob_opens("prm800k-walk", kinds=("thought",))
    say(held, "verdict", 0, "bad")
    assert open_now(held) == []
