from __future__ import annotations

from annotate.prelabel.audit.of_traces.shuffled import shuffle
from annotate.prelabel.audit.of_traces.subject import trace_subject
from annotate.prelabel.audit.probe import Skipped
from tests.annotate.prelabel.audit.of_traces.judges import trace


def test_independent_neighbours_change_places_and_others_do_not():
    problem = "Ann buys 2 red pens at 3 each and 4 blue ones at 5 each. What does she pay?"
    free = trace("Red: 2 × 3 = 6.\n", "Blue: 4 × 5 = 20.\n", "Sum: 6 + 20 = 26.\n", problem=problem)
    (probe,) = shuffle(trace_subject(free, {}, 4))
    assert [step.text for step in probe.task.steps] == [
        "Blue: 4 × 5 = 20.\n",
        "Red: 2 × 3 = 6.\n",
        "Sum: 6 + 20 = 26.\n",
    ]
    for texts in (
        ("10 - 3 = 7.\n", "7 + 7 = 14.\n"),  # the second needs the first
        ("2 × 3 = 6.\n", "Then 4 × 5 = 20.\n"),
        ("1. 2 × 3 = 6.\n", "2. 4 × 5 = 20.\n"),
    ):
        bound = trace(*texts, problem=problem)
        (skipped,) = shuffle(trace_subject(bound, {}, 4))
        assert isinstance(skipped, Skipped)
