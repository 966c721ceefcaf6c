from __future__ import annotations

import pytest

from annotate.label.queries import sheet_of
from tests.annotate.ingest.presets.labelling import answer_in_order, bob_opens, counted
from webapp.forms.label import askings_of

pytestmark = pytest.mark.django_db


def test_it_ends_at_the_error() -> None:
    held = bob_opens("first-error")
    said = {("verdict", 0): "good", ("verdict", 1): "unsure", ("verdict", 2): "bad"}
    assert answer_in_order(held, said) == list(said)
    assert counted(held) == said


def test_the_error_answers_the_open_steps_before_it_as_right() -> None:
    (asking,) = askings_of(sheet_of(bob_opens("first-error")))
    assert asking.fill == "good"
