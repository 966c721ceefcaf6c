from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from annotate.prelabel.audit.of_traces.variants import (
    as_it_is,
    inserted,
    reordered,
    rewritten,
    separator_of,
)
from annotate.prelabel.contracts import StepTask, TraceTask

TEXTS = st.lists(st.text(alphabet="ab1 =\n", max_size=8), min_size=1, max_size=7)


def task_of(texts: list[str]) -> TraceTask:
    # Positions with gaps, as a trace may have whose observations were left out.
    return TraceTask(
        "What?", tuple(StepTask(3 * i, text) for i, text in enumerate(texts)), first_error_hint=0
    )


@given(TEXTS, st.data())
def test_places_lead_to_the_same_text_whatever_was_done(texts, data):
    task = task_of(texts)
    index = data.draw(st.integers(0, len(texts)))
    order = data.draw(st.permutations(range(len(texts))))
    for variant in (
        as_it_is(task),
        inserted(task, index, [StepTask(0, "new"), StepTask(0, "newer")]),
        reordered(task, order),
    ):
        assert [step.position for step in variant.task.steps] == list(range(len(variant.task.steps)))
        assert variant.task.first_error_hint is None
        for step in task.steps:
            assert variant.task.steps[variant.places[step.position]].text == step.text


def test_every_step_is_written_anew():
    changed = rewritten(task_of(["a\n", "b\n"]), lambda index, step: f"{index}{step.text}")
    assert [step.text for step in changed.task.steps] == ["0a\n", "1b\n"]


def test_the_separator_is_read_off_the_trace():
    assert separator_of(task_of(["a", "b\n\n"])) == "\n\n"
    assert separator_of(task_of(["a"])) == "\n"
