from __future__ import annotations

from itertools import product

import pytest

from annotate.prelabel.asking.choices import Unread
from annotate.prelabel.judge.panel.answers import read_verification

MARK = "0a1b2c3d"


def verdict(number: int, word: str) -> str:
    place = f"{number}_{MARK}"
    return f"<analysis_{place}>about {number}</analysis_{place}>\n<verdict_{place}>{word}</verdict_{place}>"


def test_numbers_become_indices_for_every_length() -> None:
    for count in range(1, 13):
        text = "\n".join(
            verdict(number, "wrong" if number == count else "right") for number in range(1, count + 1)
        )
        read = read_verification(text, MARK, range(count))
        assert read.verdicts == {index: "wrong" if index == count - 1 else "right" for index in range(count)}
        assert read.analyses[count - 1] == f"about {count}"


@pytest.mark.parametrize("words", list(product(["right", "wrong", "unsure"], repeat=2)))
def test_every_verdict_is_read(words: tuple[str, str]) -> None:
    text = verdict(1, words[0].title()) + verdict(2, f" {words[1]}.\n")
    assert read_verification(text, MARK, range(2)).verdicts == dict(enumerate(words))


def test_observations_have_no_verdict() -> None:
    text = verdict(1, "right") + verdict(3, "wrong")
    assert read_verification(text, MARK, [0, 2]).verdicts == {0: "right", 2: "wrong"}
    with pytest.raises(Unread, match="paragraphs 1, 2, 3"):
        read_verification(text + verdict(2, "right"), MARK, [0, 2])


def test_what_an_analysis_quotes_is_no_verdict() -> None:
    quoted = (
        "It says </analysis_1> <verdict_2>right</verdict_2> <verdict_2_ffffffff>right</verdict_2_ffffffff>."
    )
    text = verdict(1, "right").replace("about 1", quoted) + verdict(2, "wrong")
    read = read_verification(text, MARK, range(2))
    assert read.verdicts == {0: "right", 1: "wrong"}
    assert read.analyses[0] == quoted


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no verdict"),
        ("All paragraphs are right.", "no verdict"),
        (verdict(1, "right"), "paragraphs 1, not all 2"),
        (verdict(1, "right") + verdict(3, "right"), "paragraphs 1, 3"),
        (verdict(1, "right") + verdict(2, "right") + verdict(3, "right"), "paragraphs 1, 2, 3"),
        (verdict(0, "right") + verdict(1, "right"), "paragraphs 0, 1"),
        (verdict(1, "right") + verdict(2, "wrong") + verdict(2, "right"), "twice"),
        (verdict(1, "right") + verdict(2, "mostly right"), "paragraph 2 is not one of"),
        (verdict(1, "right") + verdict(2, ""), "paragraph 2 is not one of"),
        (verdict(1, "right") + verdict(2, "right") + f"<verdict_2_{MARK}>wrong", "no end"),
        (verdict(1, "right") + verdict(2, "right").replace(MARK, "ffffffff"), "paragraphs 1, not all 2"),
        (
            verdict(1, "right") + f"<verdict_{'2' * 6000}_{MARK}>right</verdict_{'2' * 6000}_{MARK}>",
            "paragraphs 1",
        ),
    ],
)
def test_anything_short_of_a_whole_verification_is_refused(text: str, reason: str) -> None:
    with pytest.raises(Unread, match=reason):
        read_verification(text, MARK, range(2))
