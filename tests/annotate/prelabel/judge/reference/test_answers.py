from __future__ import annotations

import json
from typing import Any

import pytest

from annotate.prelabel.asking.choices import Unread
from annotate.prelabel.judge.reference.answers import read_alignment
from tests.annotate.prelabel.judge.reference.alignments import entry

MARK = "0a1b2c3d"


def answer(*entries: Any) -> str:
    return f"First I compare.\n<alignment_{MARK}>\n{json.dumps(list(entries))}\n</alignment_{MARK}>"


def test_numbers_become_indices_for_every_length() -> None:
    for count in range(1, 13):
        text = answer(*(entry(number, reference=[number]) for number in range(1, count + 1)))
        aligned = read_alignment(text, MARK, range(count), count)
        assert [one.index for one in aligned] == list(range(count))
        assert [one.earlier for one in aligned] == [tuple(range(index)) for index in range(count)]
        assert [one.reference for one in aligned] == [(index,) for index in range(count)]


def test_all_that_was_said_is_kept() -> None:
    text = answer(
        entry(1), entry(2, "wrong", context="the price", errors=["sign"]), entry(3, "different route")
    )
    first, second, third = read_alignment(text, MARK, range(3), 2)
    assert (second.verdict, second.errors, second.context) == ("wrong", ("sign",), "the price")
    assert (first.verdict, first.explanation, third.verdict) == ("right", "about 1", "different route")


def test_code_fence_and_line_breaks_within_texts_are_tolerated() -> None:
    body = json.dumps([entry(1)], indent=1).replace("about 1", "about\nit")
    text = f"<alignment_{MARK}>\n```json\n{body}\n```\n</alignment_{MARK}>"
    assert read_alignment(text, MARK, [0], 1)[0].explanation == "about\nit"


def test_observations_have_no_entry() -> None:
    assert [one.index for one in read_alignment(answer(entry(1), entry(3)), MARK, [0, 2], 1)] == [0, 2]
    with pytest.raises(Unread, match="paragraphs 1, 2, 3"):
        read_alignment(answer(entry(1), entry(2), entry(3)), MARK, [0, 2], 1)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no alignment"),
        (json.dumps([entry(1), entry(2)]), "no alignment"),
        (answer(entry(1), entry(2))[:-20], "no alignment"),
        (answer(entry(1), entry(2)).replace(MARK, "ffffffff"), "no alignment"),
        (answer(entry(1), entry(2)) * 2, "several alignments"),
        (f"<alignment_{MARK}>[{{]</alignment_{MARK}>", "not JSON"),
        (f"<alignment_{MARK}>{'[' * 100_000}</alignment_{MARK}>", "not JSON"),
        (f"<alignment_{MARK}>{'9' * 6000}</alignment_{MARK}>", "not JSON"),
        (f"<alignment_{MARK}>{json.dumps(entry(1))}</alignment_{MARK}>", "not a list"),
        (answer(), "paragraphs none"),
        (answer(entry(1)), "paragraphs 1, not of all 2"),
        (answer(entry(2), entry(1)), "paragraphs 2, 1"),
        (answer(entry(1), entry(1)), "paragraphs 1, 1"),
        (answer(entry(1), entry(2), entry(3)), "paragraphs 1, 2, 3"),
        (answer(entry(1), "right"), "keys"),
        (answer(entry(1), entry(2, sure=True)), "keys"),
        (answer(entry(1), {"step": 2, "verdict": "right"}), "keys"),
        (answer(entry(1), {**entry(2), "step": True}), "no paragraph number"),
        (answer(entry(1), {**entry(2), "step": "2"}), "no paragraph number"),
        (answer(entry(1), entry(2, "maybe")), "paragraph 2 has no verdict"),
        (answer(entry(1), {**entry(2), "verdict": ["right"]}), "paragraph 2 has no verdict"),
        (answer(entry(1), entry(2, explanation=None)), "explanation is not a text"),
        (answer(entry(1), entry(2, explanation=" ")), "no explanation"),
        (answer(entry(1), entry(2, errors=["sign"])), "called right with 1 errors"),
        (answer(entry(1), entry(2, "wrong", errors=[])), "called wrong with 0 errors"),
        (answer(entry(1), entry(2, errors="none")), "not a list of texts"),
        (answer(entry(1), entry(2, earlier=[2])), "earlier names what is not there"),
        (answer(entry(1), entry(2, earlier=[0])), "earlier names what is not there"),
        (answer(entry(1), entry(2, reference=[4])), "reference names what is not there"),
        (answer(entry(1), entry(2, reference=[1.0])), "reference names what is not there"),
        (answer(entry(1), entry(2, reference=1)), "reference names what is not there"),
        (answer(entry(1), entry(2)).replace('"context": "",', '"context": "", "verdict": "wrong",'), "twice"),
    ],
)
def test_anything_short_of_a_whole_alignment_is_refused(text: str, reason: str) -> None:
    with pytest.raises(Unread, match=reason):
        read_alignment(text, MARK, range(2), 3)
