from __future__ import annotations

from annotate.prelabel.audit.of_traces.subject import truth_of
from tests.annotate.prelabel.audit.of_traces.judges import trace


def test_a_right_outcome_is_enough_to_plant_an_error_but_is_no_key():
    truth = truth_of(trace(outcome="right"))
    assert (truth.first_error, truth.right) == (None, (0, 1, 2))
    assert truth_of(trace(outcome="wrong")).right == ()
