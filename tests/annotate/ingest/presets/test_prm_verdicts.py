from __future__ import annotations

import pytest

from tests.annotate.ingest.presets.labelling import answer_in_order, bob_opens, counted

pytestmark = pytest.mark.django_db


def test_every_step_is_asked_about_also_after_an_error() -> None:
    held = bob_opens("prm-verdicts")
    said = {("verdict", n): value for n, value in enumerate(("good", "bad", "neutral", "unsure"))}
    assert answer_in_order(held, said) == list(said)
    assert counted(held) == said
