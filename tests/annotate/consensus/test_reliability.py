from __future__ import annotations

from annotate.consensus.reliability import Copies, Record, copies_told, records
from tests.annotate.consensus.policies.evidence import (
    ANN,
    BEN,
    JUDGE,
    OTHER_JUDGE,
    VERDICT,
    gold_of,
)

LEVELS = VERDICT.levels


def test_records_count_each_step_once():
    gold = gold_of(ANN, "ggbu", "gbbg") + gold_of(ANN, "g", "g") + gold_of(BEN, "gb", "gg", first=50)

    assert records(gold, LEVELS) == {ANN.rater: Record(2, 3), BEN.rater: Record(1, 2)}
    assert Record().accuracy is None


def copied(*pairs: tuple[str, str]) -> dict[int, int]:
    copies = Copies([1, 2])
    for one, other in pairs:
        copies.add({1: one, 2: other})
    return copies.found()


def test_the_same_labels_on_enough_steps_are_one_opinion():
    alike = [("good", "good"), ("bad", "bad")] * 15

    assert copied(*alike) == {2: 1}
    assert copied(*alike[:29]) == {}
    assert copied(*alike, *[("good", "bad")] * 3) == {}
    assert copied(*[("bad", "good"), ("good", "bad")] * 30) == {}


def test_who_only_ever_says_one_thing_is_nobodys_copy():
    assert copied(*[("good", "good")] * 60) == {}


def test_a_copy_of_a_copy_is_the_firsts_and_people_are_none():
    copies = Copies([1, 2, 3])
    for level in ["good", "bad"] * 20:
        copies.add({1: level, 2: level, 3: level, 9: level})

    assert copies.found() == {2: 1, 3: 1}


def test_copies_are_named():
    voters = (JUDGE, OTHER_JUDGE)
    told = copies_told({OTHER_JUDGE.rater: JUDGE.rater}, voters, [JUDGE.rater, OTHER_JUDGE.rater])

    assert told == f" Not counted again: {OTHER_JUDGE.name} repeats {JUDGE.name}."
    assert copies_told({OTHER_JUDGE.rater: JUDGE.rater}, voters, [JUDGE.rater]) == ""
