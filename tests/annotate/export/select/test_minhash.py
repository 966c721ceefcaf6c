from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotate.export.select.minhash import SHINGLE, Seen, signature
from annotate.export.select.ngrams import ngram_hashes, words_of


def test_words_do_not_mind_case_spacing_or_width():
    assert words_of("Ｗhat  is\n6*7?") == words_of("what is 6 * 7 ?") == ["what", "is", "6", "*", "7", "?"]


def test_hashes_are_the_same_in_every_process():
    assert ngram_hashes("a b c", 2).tolist() == [17600707320206839748, 18286342832848802827]


@given(st.text(max_size=200), st.integers(1, 20))
def test_there_are_as_many_sequences_as_places_at_most(text, n):
    words = words_of(text)
    found = ngram_hashes(text, n)
    assert len(found) <= max(1, len(words) - n + 1) if words else len(found) == 0


def some_words(seed: int, n: int = 200) -> list[str]:
    pick = random.Random(seed)
    return [f"w{pick.randrange(5000)}" for _ in range(n)]


def test_the_estimate_is_close_to_the_share_of_common_sequences():
    errors = []
    for seed in range(30):
        one = some_words(seed)
        other = one[:150] + some_words(seed + 1000, 50)
        a, b = ngram_hashes(" ".join(one), SHINGLE), ngram_hashes(" ".join(other), SHINGLE)
        exact = len(set(a.tolist()) & set(b.tolist())) / len(set(a.tolist()) | set(b.tolist()))
        errors.append(float((signature(a) == signature(b)).mean()) - exact)
    assert abs(sum(errors) / len(errors)) < 0.03
    assert max(map(abs, errors)) < 0.2


@pytest.mark.parametrize(("changed", "expected"), [(2, True), (100, False)])
def test_a_text_with_a_few_other_words_is_nearly_the_same(changed, expected):
    met = 0
    for seed in range(20):
        seen = Seen(0.8)
        words = some_words(seed)
        assert seen.first_like(1, " ".join(words)) is None
        met += seen.first_like(2, " ".join(["other"] * changed + words[changed:])) == 1
    assert met == (20 if expected else 0)


def test_an_empty_text_is_like_nothing():
    seen = Seen(0.8)
    assert seen.first_like(1, "") is None
    assert seen.first_like(2, "") is None
