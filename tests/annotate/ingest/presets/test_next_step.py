from __future__ import annotations

import pytest

from annotate.enums import CandidateKind
from tests.annotate.ingest.presets.labelling import answer_in_order, bob_is_given, bob_opens, counted

pytestmark = pytest.mark.django_db


def test_each_alternative_is_compared_with_the_step_taken() -> None:
    held = bob_opens("next-step", kinds=("thought",) * 3)
    bob_is_given(held, 0, CandidateKind.ALTERNATIVE, "One.", "Two.")
    bob_is_given(held, 2, CandidateKind.ALTERNATIVE, "Three.")
    # A critique is no next step.
    bob_is_given(held, 1, CandidateKind.CRITIQUE, "Too long.")
    said = {("comparison", 0): "better/same", ("comparison", 2): "unsure"}
    assert answer_in_order(held, said) == list(said)
    assert counted(held) == said
