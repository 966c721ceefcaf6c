from __future__ import annotations

import pytest

from tests.annotate.ingest.presets.labelling import answer_in_order, bob_opens, counted

pytestmark = pytest.mark.django_db


def test_bad_steps_name_their_errors_with_a_severity() -> None:
    held = bob_opens("math-errors")
    said = {
        ("verdict", 0): "good",
        ("verdict", 1): "bad",
        ("errors", 1): "arithmetic:minor misreading:fatal",
        ("verdict", 2): "bad",
        ("errors", 2): "logic:major",
        ("verdict", 3): "neutral",
    }
    assert answer_in_order(held, said) == list(said)
    assert counted(held) == said
