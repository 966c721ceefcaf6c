from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotate.prelabel.asking.choices import (
    ChoiceReading,
    Unread,
    averaged,
    label_orders,
    order_gap,
    read_choices,
)
from annotate.prelabel.contracts import ChoiceSource, Completion, FinishReason

LABELS = ("good", "neutral", "bad")


def told(source: ChoiceSource = "tokens", **probabilities: float) -> Completion:
    logs = {name: math.log(p) for name, p in probabilities.items()}
    return Completion("", "stop", choices=logs, choice_source=source)


def test_probabilities_are_normalised_and_their_mass_is_kept() -> None:
    reading = read_choices([told("typed", good=0.3, neutral=0.15, bad=0.15)], LABELS)
    assert reading.probabilities == pytest.approx({"good": 0.5, "neutral": 0.25, "bad": 0.25})
    assert (reading.mass, reading.source, reading.votes) == (pytest.approx(0.6), "typed", 1)
    assert reading.best == "good"


def test_tiny_probabilities_do_not_vanish() -> None:
    reading = read_choices([Completion("", "stop", choices={"yes": -2000.0, "no": -2001.0})], ("yes", "no"))
    assert reading.probabilities["yes"] == pytest.approx(1 / (1 + math.exp(-1)))
    assert reading.mass == 0.0


@pytest.mark.parametrize(
    ("completion", "reason"),
    [
        (told(good=0.5, bad=0.2), "the backend gave no probability for 'neutral'"),
        (
            Completion("", "stop", choices={"good": -1.0, "neutral": -1.0, "bad": -math.inf}),
            "the log-probability of 'bad' is not finite",
        ),
        (told(good=0.9, neutral=0.9, bad=0.1), "the probabilities of the answers add up to more than 1"),
        (Completion("Good, I think.", "stop"), "no answer was one of the allowed words"),
        (Completion("", "error", error="429: come back later"), "429: come back later"),
        (Completion("good", "length"), "the answer was cut off"),
        (Completion("", "refused"), "the model refused"),
        (Completion("", "timeout"), "no answer in time"),
    ],
)
def test_unusable_answers_are_refused_with_the_reason(completion: Completion, reason: str) -> None:
    with pytest.raises(Unread) as caught:
        read_choices([completion], LABELS)
    assert str(caught.value) == reason


def test_no_completion_at_all_is_refused() -> None:
    with pytest.raises(Unread, match="no answer came back"):
        read_choices([], LABELS)


def test_texts_are_votes_when_nothing_better_came() -> None:
    texts = [" Good.\n", "good", "BAD!", "good or bad", "neutral"]
    completions = [Completion(text, "stop") for text in texts] + [Completion("bad", "length")]
    reading = read_choices(completions, LABELS)
    assert reading == ChoiceReading({"good": 0.5, "neutral": 0.25, "bad": 0.25}, None, "text", 4, 2)


def test_probabilities_outrank_texts_and_failed_samples_are_counted() -> None:
    completions = [told(good=0.6, neutral=0.3, bad=0.1), Completion("", "timeout")]
    reading = read_choices(completions, LABELS)
    assert (reading.source, reading.votes, reading.unread) == ("tokens", 1, 1)


@pytest.mark.parametrize("choices", [("yes", "Yes."), ("a", "a"), ("", "b"), ("...", "b")])
def test_choices_that_read_alike_are_a_mistake_of_the_caller(choices: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="must differ"):
        read_choices([Completion("yes", "stop")], choices)


def test_two_leaders_are_no_best() -> None:
    assert read_choices([told(yes=0.5, no=0.5)], ("yes", "no")).best is None


def test_orders_are_averaged_and_their_gap_is_known() -> None:
    first = read_choices([told("typed", yes=0.8, no=0.2)], ("yes", "no"))
    second = read_choices([told("tokens", yes=0.3, no=0.3)], ("yes", "no"))
    mean = averaged([first, second])
    assert mean.probabilities == pytest.approx({"yes": 0.65, "no": 0.35})
    assert (mean.mass, mean.source, mean.votes) == (pytest.approx(0.8), "tokens", 2)
    assert order_gap([first, second]) == pytest.approx(0.3)


def test_average_over_a_text_has_no_mass() -> None:
    text = read_choices([Completion("yes", "stop")], ("yes", "no"))
    mean = averaged([read_choices([told(yes=0.5, no=0.5)], ("yes", "no")), text])
    assert (mean.mass, mean.source) == (None, "text")


@pytest.mark.parametrize("readings", [[], [({"a": 1.0}), ({"b": 1.0})]])
def test_average_of_nothing_or_of_different_questions_is_refused(readings: list[dict[str, float]]) -> None:
    with pytest.raises(ValueError):
        averaged([ChoiceReading(p, None, "text", 1) for p in readings])


def test_orders_start_as_given_and_reversed() -> None:
    assert label_orders(LABELS, 2) == (LABELS, LABELS[::-1])
    assert label_orders(("yes", "no"), 9) == (("yes", "no"), ("no", "yes"))
    assert label_orders(("only",), 3) == (("only",),)


@given(st.lists(st.sampled_from("abcdef"), min_size=1, unique=True), st.integers(1, 20))
def test_orders_are_different_arrangements_of_the_same_labels(labels: list[str], wanted: int) -> None:
    orders = label_orders(labels, wanted)
    assert len(set(orders)) == len(orders) <= wanted
    assert all(sorted(order) == sorted(labels) for order in orders)


@given(st.lists(st.floats(-700, -3), min_size=2, max_size=9))
def test_reading_is_a_distribution_that_keeps_odds(logs: list[float]) -> None:
    names = [f"c{i}" for i in range(len(logs))]
    completion = Completion("", "stop", choices=dict(zip(names, logs, strict=True)))
    reading = read_choices([completion], names)
    assert math.fsum(reading.probabilities.values()) == pytest.approx(1.0)
    top = max(range(len(logs)), key=lambda i: logs[i])
    for i, name in enumerate(names):
        ratio = reading.probabilities[name] / reading.probabilities[names[top]]
        assert ratio == pytest.approx(math.exp(logs[i] - logs[top]), rel=1e-9)


@pytest.mark.parametrize("reason", ["length", "refused", "timeout", "error"])
def test_unfinished_text_is_never_a_vote(reason: FinishReason) -> None:
    reading = read_choices([Completion("good", reason), Completion("bad", "stop")], LABELS)
    assert (reading.probabilities["bad"], reading.votes, reading.unread) == (1.0, 1, 1)
