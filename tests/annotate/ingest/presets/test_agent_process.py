from __future__ import annotations

import pytest

from tests.annotate.ingest.presets.labelling import answer_in_order, bob_opens, counted

pytestmark = pytest.mark.django_db


def test_actions_and_the_result_are_asked_about_and_nothing_else() -> None:
    held = bob_opens("agent-process", kinds=("thought", "action", "observation", "action", "observation"))
    said = {("verdict", 1): "bad", ("verdict", 3): "good", ("result", None): "success"}
    assert answer_in_order(held, said) == list(said)
    assert counted(held) == said
