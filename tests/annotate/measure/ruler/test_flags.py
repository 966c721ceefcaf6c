from __future__ import annotations

from collections.abc import Hashable, Mapping

from annotate.measure.ruler.flags import flags_of
from annotate.stats.rasch.verdicts import Flag, Verdict

TITLES: Mapping[Hashable, str] = {7: "Verdict"}


def said(*flags: Flag) -> list[dict[str, object]]:
    return flags_of(Verdict("ann", flags), TITLES, ["Bad", "Good"])


def test_nothing_is_said_of_those_who_share_too_little() -> None:
    assert said(Flag("no_overlap", amount=3.0), Flag("one_category", amount=1.0)) == [{"code": "few", "n": 3}]
    assert said(Flag("few", amount=2.0)) == [{"code": "few", "n": 2}]


def test_how_severe_and_how_consistent_make_one_flag() -> None:
    assert said(Flag("stricter", amount=0.5), Flag("consistent", amount=1.0)) == [
        {"code": "stricter", "by": 0.5, "how": "consistent"}
    ]
    assert said(Flag("milder", amount=0.5), Flag("erratic", amount=1.6)) == [
        {"code": "milder", "by": 0.5, "how": "erratic"}
    ]


def test_an_ordinary_rater_has_nothing_that_stands_out() -> None:
    assert said(Flag("average", amount=0.1), Flag("consistent", amount=1.0)) == [{"code": "fine"}]
    assert said(Flag("average", amount=0.1), Flag("erratic", amount=1.5)) == [{"code": "erratic"}]


def test_questions_and_levels_get_their_titles() -> None:
    assert said(Flag("random", 7, 0.1), Flag("one_category", amount=0.9, level=1)) == [
        {"code": "random", "by": 0.1, "question": "Verdict"},
        {"code": "one_category", "by": 0.9, "level": "Good"},
    ]
