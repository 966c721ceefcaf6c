from __future__ import annotations

from typing import Any

import pytest

from annotate.enums import RaterKind
from annotate.errors import Rejected
from annotate.ingest.options import PLAIN, ReadOptions, pairs_of
from annotate.ingest.splitting import SplitMode


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"split_tag": "##"}, "split_tag"),
        ({"split_tag": "##", "split": SplitMode.LINES}, "split_tag"),
        ({"split_tag": "#" * 101, "split": SplitMode.TAGGED}, "split_tag"),
        ({"rater": "two\nlines"}, "rater"),
        ({"rater": "x" * 161}, "rater"),
        ({"rater_kind": RaterKind.REVIEW}, "rater_kind"),
        ({"counts_from": 2}, "counts_from"),
    ],
)
def test_options_that_cannot_be_are_refused_by_name(options: dict[str, Any], field: str) -> None:
    with pytest.raises(Rejected) as caught:
        ReadOptions(**options)
    assert caught.value.field == field


def test_only_what_was_said_has_to_be_heeded() -> None:
    assert PLAIN.said() == []
    assert ReadOptions(counts_from=0, rater="ann").said() == ["rater", "counts_from"]
    ReadOptions(counts_from=0).check(frozenset({"counts_from"}), "table")
    with pytest.raises(Rejected, match="the format jsonl has no use for it") as caught:
        ReadOptions(counts_from=0).check(frozenset(), "jsonl")
    assert caught.value.field == "counts_from"


def test_pairs_are_read_and_doubled_ones_refused() -> None:
    assert pairs_of(["problem=a=b", " text = c "], "map") == {"problem": "a=b", "text": "c"}
    assert pairs_of(["a=b=good"], "value") == {"a=b": "good"}
    for wrong in (["problem"], ["=a"], ["a="], ["a=b", "a=c"]):
        with pytest.raises(Rejected) as caught:
            pairs_of(wrong, "map")
        assert caught.value.field == "map"


def test_cutting_names_its_place() -> None:
    steps = ReadOptions(split=SplitMode.TAGGED, split_tag="##").cut("a##b", "body")
    assert [step.text for step in steps] == ["a##", "b"]
    with pytest.raises(Rejected) as caught:
        PLAIN.cut("a\n\n" * 10_001, "body")
    assert caught.value.field == "body"
