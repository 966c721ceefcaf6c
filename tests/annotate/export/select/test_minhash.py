from __future__ import annotations

import random

import pytest

from annotate.export.select.minhash import SHINGLE, Alike, signature
from annotate.export.select.ngrams import ngram_hashes


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
        words = some_words(seed)
        found = groups_of([" ".join(words), " ".join(["other"] * changed + words[changed:])])
        met += found == [0, 0]
    assert met == (20 if expected else 0)


def groups_of(texts: list[str], similarity: float = 0.8) -> list[int]:
    alike = Alike(similarity)
    for text in texts:
        alike.add(ngram_hashes(text, SHINGLE))
    return alike.groups()


def shared(one: str, other: str) -> float:
    a, b = (set(ngram_hashes(text, SHINGLE).tolist()) for text in (one, other))
    return len(a & b) / len(a | b)


def test_an_empty_text_is_like_nothing():
    assert groups_of(["", "", "one two", "", "one two"]) == [0, 1, 2, 3, 2]


def chains(n: int) -> list[str]:
    """Of each four texts the second is like the first, the third like the second, the fourth like the third."""
    texts = []
    for seed in range(n):
        words = some_words(seed, 120)
        for changed in ((), (10, 50), (90, 110), (30, 70)):
            for place in changed:
                words[place] = f"other{place}"
            texts.append(" ".join(words))
    return texts


def test_all_that_are_alike_are_in_one_group_and_so_are_those_between_which_another_stands():
    texts = chains(100)
    found = groups_of(texts)
    pairs = apart = 0
    for start in range(0, len(texts), 4):
        for i in range(start, start + 4):
            for j in range(i):
                if j >= start and shared(texts[i], texts[j]) >= 0.8:
                    pairs += 1
                    apart += found[i] != found[j]
    assert pairs == 500
    assert apart == 0
    # The ends of a chain share less, and go along.
    assert shared(texts[0], texts[3]) < 0.8
    assert found == [place - place % 4 for place in range(len(texts))]


@pytest.mark.parametrize("similarity", [0.3, 0.5, 0.7, 0.8, 0.95])
def test_pairs_are_found_at_every_similarity_and_others_are_not(similarity):
    """A text and the same with so many words after it that they share a little more, or less."""
    missed = wrong = 0
    for seed in range(30):
        base = some_words(seed, 200)
        n = 196
        more = [f"m{k}" for k in range(int(n / min(similarity + 0.04, 1) - n))]
        less = [f"l{k}" for k in range(int(n / (similarity - 0.06) - n) + 1)]
        one, near, far = (" ".join(words) for words in (base, base + more, base + less))
        missed += groups_of([one, near], similarity) != [0, 0]
        wrong += groups_of([one, far], similarity) != [0, 1]
    assert missed <= 1
    assert wrong == 0


def test_long_texts_are_compared_by_a_sample():
    words = some_words(1, 5000)
    near, far = list(words), list(words)
    near[::60] = ["x"] * len(near[::60])
    far[::10] = ["x"] * len(far[::10])
    assert shared(" ".join(words), " ".join(near)) > 0.84
    assert shared(" ".join(words), " ".join(far)) < 0.6
    assert groups_of([" ".join(some) for some in (words, near, far)]) == [0, 0, 2]


def test_the_order_makes_no_difference_to_who_goes_with_whom():
    texts = chains(20)
    first = groups_of(texts)
    order = list(range(len(texts)))
    random.Random(4).shuffle(order)
    found = groups_of([texts[place] for place in order])
    together = {frozenset(k for k in order if first[k] == one) for one in set(first)}
    assert {
        frozenset(order[k] for k in range(len(order)) if found[k] == one) for one in set(found)
    } == together
