from __future__ import annotations

import pytest

from tests.annotate.ingest.presets.labelling import answer_in_order, bob_opens, counted

pytestmark = pytest.mark.django_db


def test_each_step_is_asked_about_three_times() -> None:
    held = bob_opens("three-dimensions", kinds=("thought", "thought"))
    said = {
        (key, n): level
        for n in range(2)
        for key, level in (("confidence", "yes"), ("relevance", "partly"), ("coherence", "no"))
    }
    assert answer_in_order(held, said) == list(said)
    assert counted(held) == said
