from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotate.export.select.ngrams import (
    LEAST,
    common_to_most,
    ngram_hashes,
    numbers_of,
    without,
    words_of,
)


def test_words_do_not_mind_case_spacing_or_width():
    assert words_of("Ｗhat  is\n6*7?") == words_of("what is 6 * 7 ?") == ["what", "is", "6", "*", "7"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("It costs $1,000, doesn't it?", "It costs 1000 doesn’t it"),
        ("x^{2} + 3x", "x² + 3 x"),
        ("**Find** 1{,}000 \\cdot y.", "find 1000 cdot y"),
        ("− 5 – 3", "-5 3"),
        ("小明有五个苹果，他给了小红两个。", "小明有五个苹果,他给了小红两个"),
        ("Ｆｕｌｌ １２", "full 12"),
    ],
)
def test_two_printings_of_a_text_have_the_same_words(one, other):
    assert words_of(one) == words_of(other) != []


@pytest.mark.parametrize(
    ("one", "other"),
    [("6 + 7", "6 * 7"), ("6 - 7", "6 / 7"), ("1.5", "15"), ("x < 3", "x > 3"), ("1, 2", "12"), ("-5", "5")],
)
def test_what_means_something_else_has_other_words(one, other):
    assert words_of(one) != words_of(other)


def test_a_script_without_spaces_is_read_by_its_characters_and_marks_stay_with_their_letters():
    assert words_of("小明有5个") == ["小", "明", "有", "5", "个"]
    assert words_of("हिन्दी भाषा") == ["हिन्दी", "भाषा"]


def test_numbers_and_signs_are_told_from_words():
    assert numbers_of("Add 1,000 and 2.5: 1000 + 2.5 = 1002.5, 五个") == [
        "1000", "2.5", "1000", "+", "2.5", "=", "1002.5", "五",
    ]  # fmt: skip


def test_what_most_of_many_texts_have_in_common_is_found_and_left_aside():
    texts = [ngram_hashes(f"read this with care and then answer {n}", 3) for n in range(LEAST)]
    common = common_to_most(texts)
    assert len(common) == 5
    assert all(len(without(one, common)) == 1 for one in texts)
    # Of a text that says nothing else, and of few texts, nothing is taken away.
    assert without(common, common).tolist() == common.tolist()
    assert len(common_to_most(texts[1:])) == 0


def test_hashes_are_the_same_in_every_process():
    assert ngram_hashes("a b c", 2).tolist() == [17600707320206839748, 18286342832848802827]


@given(st.text(max_size=200), st.integers(1, 20))
def test_there_are_as_many_sequences_as_places_at_most(text, n):
    words = words_of(text)
    found = ngram_hashes(text, n)
    assert len(found) <= max(1, len(words) - n + 1) if words else len(found) == 0
