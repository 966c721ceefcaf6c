from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from annotate.prelabel.audit.of_traces.flipped_digit import flip_digit
from annotate.prelabel.audit.of_traces.subject import trace_subject
from annotate.prelabel.audit.probe import Probe
from annotate.prelabel.audit.sums import true_sums
from tests.annotate.prelabel.audit.of_traces.judges import trace


@given(st.integers(0, 999), st.integers(0, 999))
def test_a_flipped_digit_makes_exactly_one_true_sum_false(left, right):
    text = f"We add {left} + {right} = {left + right}.\n"
    (probe,) = flip_digit(trace_subject(trace(text, first_error=-1), {}, 4))
    assert isinstance(probe, Probe)
    flipped = probe.task.steps[0].text
    assert list(true_sums(flipped)) == []
    assert len(flipped) == len(text)
    assert sum(one != other for one, other in zip(text, flipped, strict=True)) == 1


def test_steps_behind_a_gold_error_are_never_falsified():
    texts = ("1 + 1 = 2\n", "2 + 2 = 5\n", "3 + 3 = 6\n", "4 + 4 = 8\n")
    task = trace(*texts, first_error=1)
    (probe,) = flip_digit(trace_subject(task, {}, 4))
    assert [step.text for step in probe.task.steps[1:]] == list(texts[1:])
