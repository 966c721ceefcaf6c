from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotate.prelabel.continuations.changepoint import ROUGH, ChangePoint, Expectations

Counts = list[tuple[int, int]]
_counts = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=12)


def model(n: int, prior: list[float] | None = None, expected: Expectations = ROUGH) -> ChangePoint:
    left = [(n - t) / (n + 1) for t in range(n)]
    return ChangePoint(prior or [1.0] * (n + 1), left, expected)


def split(counts: Counts) -> tuple[list[int], list[int]]:
    return [h for h, _ in counts], [m for _, m in counts]


@settings(max_examples=60, deadline=None)
@given(_counts, st.integers(0, 8), st.integers(0, 8))
def test_the_posterior_is_a_distribution_whatever_was_counted(counts: Counts, right: int, wrong: int) -> None:
    location = model(len(counts)).locate(*split(counts), (right, wrong))
    assert location.probabilities.sum() == pytest.approx(1.0)
    assert (location.probabilities >= 0).all()
    assert ((location.success > 0) & (location.success < 1)).all()
    assert (np.diff(location.sound) <= 1e-12).all(), (
        "a later prefix is never likelier to come before the error"
    )
    assert (location.information() >= 0).all()


@given(st.lists(st.floats(0.01, 10), min_size=2, max_size=10))
def test_without_rollouts_the_prior_stands(prior: list[float]) -> None:
    n = len(prior) - 1
    location = model(n, prior).locate([0] * n, [0] * n)
    assert location.probabilities == pytest.approx(np.array(prior) / sum(prior))


def test_attempts_at_the_bare_problem_alone_do_not_move_the_place() -> None:
    location = model(4).locate([0] * 4, [0] * 4, (2, 6))
    assert location.probabilities == pytest.approx([0.2] * 5)


@settings(max_examples=40, deadline=None)
@given(_counts, st.data())
def test_a_prefix_without_rollouts_drops_out_of_the_sum(counts: Counts, data: st.DataObject) -> None:
    """Places on both sides of an unobserved prefix keep their odds when the prefix is left out of the model."""
    gap = data.draw(st.integers(0, len(counts)))
    left = [0.9 - 0.05 * t for t in range(len(counts))]
    flat = Expectations(fading=1.0)
    short = ChangePoint([1.0] * (len(counts) + 1), left, flat).locate(*split(counts))
    longer = [*counts[:gap], (0, 0), *counts[gap:]]
    filled = [*left[:gap], 0.5, *left[gap:]]
    long = ChangePoint([1.0] * (len(longer) + 1), filled, flat).locate(*split(longer))
    kept = np.delete(long.probabilities, gap)
    assert kept / kept.sum() == pytest.approx(short.probabilities)
    assert long.probabilities[gap] == pytest.approx(long.probabilities[gap + 1]), (
        "nothing tells the two apart"
    )


@given(_counts, st.randoms())
def test_equal_places_may_trade_their_evidence_after_the_error(counts: Counts, shuffler: object) -> None:
    """What follows the error is exchangeable once it does not fade: the chance that all are lost stays."""
    flat = Expectations(fading=1.0)
    left = [0.5] * len(counts)
    traded = list(counts)
    shuffler.shuffle(traded)  # type: ignore[attr-defined]
    prior = [1.0] + [0.0] * (len(counts) - 1) + [1.0]
    one = ChangePoint(prior, left, flat).locate(*split(counts)).probabilities
    other = ChangePoint(prior, left, flat).locate(*split(traded)).probabilities
    assert one == pytest.approx(other)


def test_one_prefix_by_hand() -> None:
    """One prefix, one miss: odds of lost against sound are P(miss | after) / P(miss | before)."""
    expected = Expectations(after=((1.0, 3.0),), fading=1.0)
    location = ChangePoint([1.0, 1.0], [0.0], expected).locate([0], [1])
    # With nothing left to write a sound prefix succeeds at .98, the bound; a lost one at 1 / 4.
    lost, sound = 0.75, 0.02
    assert location.probabilities == pytest.approx([lost / (lost + sound), sound / (lost + sound)])


def test_the_kernel_does_not_care_in_which_order_or_why_rollouts_stopped() -> None:
    """One success after three misses weighs log B(a+1, b+3) - log B(a, b): the Beta-binomial but its coefficient."""
    expected = Expectations(after=((2.0, 5.0),), fading=1.0, before_weight=4.0)
    location = ChangePoint([1.0, 1.0], [0.0], expected).locate([1], [3])

    def log_beta(a: float, b: float) -> float:
        return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)

    lost = math.exp(log_beta(3, 8) - log_beta(2, 5))
    sound = math.exp(log_beta(4.92, 3.08) - log_beta(3.92, 0.08))
    assert location.probabilities[0] == pytest.approx(lost / (lost + sound))


def test_the_place_is_where_successes_end() -> None:
    location = model(6).locate([2, 2, 2, 0, 0, 0], [0, 0, 0, 4, 4, 4])
    assert location.best == 3
    assert location.probabilities[3] > 0.8


def test_successes_to_the_end_leave_only_the_last_place() -> None:
    location = model(4).locate([4] * 4, [0] * 4)
    assert location.best == 4
    assert location.sound == pytest.approx([1.0] * 4, abs=0.05)


def test_a_repaired_error_is_not_the_end_of_the_search() -> None:
    """A single success among many failures does not make a prefix sound where its neighbours always succeed."""
    location = model(6).locate([4, 4, 1, 0, 0, 0], [0, 0, 7, 8, 8, 8], (8, 0))
    assert location.best == 2


def test_a_hard_problem_makes_failures_weak_evidence() -> None:
    easy = model(5).locate([0] * 5, [3, 0, 0, 0, 0], (12, 0))
    hard = model(5).locate([0] * 5, [3, 0, 0, 0, 0], (1, 11))
    assert easy.probabilities[0] > hard.probabilities[0]


def test_a_flat_prior_sends_the_first_rollout_to_the_middle() -> None:
    n = 21
    information = model(n).locate([0] * n, [0] * n).information()
    assert n // 4 < int(np.argmax(information)) < 3 * n // 4


def test_a_settled_place_leaves_nothing_to_learn() -> None:
    location = ChangePoint([0.0, 1.0, 0.0], [0.6, 0.3]).locate([0, 0], [0, 0])
    assert location.information() == pytest.approx([0.0, 0.0], abs=1e-9)


def test_information_by_hand() -> None:
    """Two places, one prefix: the mutual information of place and outcome."""
    expected = Expectations(after=((1.0, 3.0),), fading=1.0)
    location = ChangePoint([1.0, 1.0], [0.0], expected).locate([0], [0])

    def entropy(p: float) -> float:
        return -p * math.log(p) - (1 - p) * math.log(1 - p)

    told = entropy((0.25 + 0.98) / 2) - (entropy(0.25) + entropy(0.98)) / 2
    assert location.information() == pytest.approx([told])


def test_possibilities_that_are_one_are_one_and_each_is_weighed_by_what_it_explains() -> None:
    """By hand: one lost prefix with two misses, a recovery of 0.1 or 0.5 on average."""
    counts = ([0, 2], [3, 1])
    single, double = (
        model(2, expected=Expectations(after=((1.0, 3.0),) * times)).locate(*counts) for times in (1, 2)
    )
    assert double.probabilities == pytest.approx(single.probabilities)
    assert double.success == pytest.approx(single.success)

    flat = Expectations(after=((1.0, 9.0), (5.0, 5.0)), fading=1.0)
    location = ChangePoint([1.0, 1.0], [0.0], flat).locate([0], [2])
    explains = [(9 * 10) / (10 * 11), (5 * 6) / (10 * 11)]
    sound = (0.02 * 6) * (0.02 * 6 + 1) / (6 * 7)
    lost = sum(explains) / 2
    assert location.probabilities[0] == pytest.approx(lost / (lost + sound))
    next_success = [1 / 12, 5 / 12]
    expected = sum(w * p for w, p in zip(explains, next_success, strict=True)) / sum(explains)
    assert location.success[0, 0] == pytest.approx(expected)


def test_a_model_that_never_recovers_later_makes_a_single_success_weigh_more() -> None:
    """Two successes among misses: recovery if the later prefixes recover too, else a sound prefix."""
    hits = [2, 0, 0, 0, 0]
    misses = [2, 4, 8, 8, 8]
    hopeless = model(5).locate(hits, misses).sound[0]
    recovering = model(5).locate([2, 2, 3, 2, 2], [2, 2, 5, 6, 6]).probabilities[0]
    alone = model(5, expected=Expectations(after=((1.0, 9.0),))).locate(hits, misses).sound[0]
    assert hopeless > alone
    assert recovering < 0.5


def test_no_prefix_at_all_leaves_one_place() -> None:
    location = ChangePoint([1.0], []).locate([], [])
    assert location.probabilities == pytest.approx([1.0])
    assert (location.best, len(location.sound)) == (0, 0)


def test_the_posterior_is_calibrated_where_its_model_holds() -> None:
    """Traces drawn from the model itself: the stated probability of the best place is how often it is right."""
    rng = np.random.default_rng(20)
    n, right, stated = 8, [], []
    left = np.array([(n - t) / (n + 1) for t in range(n)])
    rates = (np.arange(12) + 0.5) / 12
    for _ in range(1500):
        place = rng.integers(n + 1)
        rate = rng.choice(rates, p=rates / rates.sum())
        mean = np.clip(rate**left, 0.02, 0.98)
        before = rng.beta(6 * mean, 6 * (1 - mean))
        recovery = rng.choice([0.01, 0.1, 0.3])
        lost = np.maximum(recovery * 0.7 ** np.maximum(np.arange(n) - place, 0), 0.01)
        after = rng.beta(10 * lost, 10 * (1 - lost))
        hits = rng.binomial(4, np.where(np.arange(n) < place, before, after))
        location = ChangePoint([1.0] * (n + 1), left).locate(hits.astype(float), 4.0 - hits)
        right.append(location.best == place)
        stated.append(location.probabilities.max())
    assert np.mean(stated) == pytest.approx(np.mean(right), abs=0.03)
    sure = np.array(stated) > 0.9
    assert np.array(right)[sure].mean() > 0.9


@pytest.mark.parametrize(
    ("prior", "left"),
    [
        ([1.0], [0.5]),
        ([1.0, -1.0], [0.5]),
        ([0.0, 0.0], [0.5]),
        ([1.0, math.inf], [0.5]),
        ([1.0, 1.0], [1.5]),
    ],
)
def test_what_is_no_prior_or_no_share_is_refused(prior: list[float], left: list[float]) -> None:
    with pytest.raises(ValueError, match=r"prior|shares"):
        ChangePoint(prior, left)
