from __future__ import annotations

import numpy as np

from annotate.consensus.explore.disputes import MOST_GROUPS, Voices, by_fifth, by_word, disputes_of

PERSON, JUDGE = 0, 1
LEVELS = ("bad", "neutral", "good")


def voices(*said: tuple[int, int, str], n_steps: int) -> Voices:
    """(step, kind, level) of each label."""
    return Voices(
        np.array([step for step, _, _ in said], dtype=np.int64),
        np.array([kind for _, kind, _ in said], dtype=np.int64),
        np.array([LEVELS.index(level) for _, _, level in said], dtype=np.int64),
        ("person", "judge"),
        LEVELS,
        n_steps,
    )


SAID = voices(
    *((0, PERSON, "good"), (0, JUDGE, "bad")),
    *((1, PERSON, "good"), (1, JUDGE, "good")),
    *((2, PERSON, "bad"), (2, PERSON, "good"), (2, JUDGE, "good")),
    (3, PERSON, "bad"),
    n_steps=5,
)
TRACE = np.array([0, 0, 1, 1, 1])


def test_only_steps_with_two_voices_count():
    found = disputes_of(SAID, TRACE, [])

    assert (found.overall.k, found.overall.n) == (2, 3)


def test_kinds_meet_where_each_is_of_one_mind():
    people, between = disputes_of(SAID, TRACE, []).meetings

    assert (people.one, people.other, people.n, people.differ) == ("person", "person", 1, 1)
    assert (between.n, between.differ, between.lower) == (2, 1, 0)


def test_groups_add_up_and_those_without_two_voices_are_left_out():
    words = by_word("kind", ["thought", "action", "thought", "action", "nobody"])

    groups = disputes_of(SAID, TRACE, [words]).divisions["kind"]

    assert {one.title: (one.rate.k, one.rate.n) for one in groups} == {"thought": (2, 2), "action": (0, 1)}


def test_fifths_are_of_the_trace():
    found = by_fifth(np.array([0, 1, 4, 9, 2]), np.array([10, 10, 10, 10, 3]))

    assert found.group.tolist() == [0, 0, 2, 4, 3]


def test_many_models_become_the_most_frequent_and_the_rest():
    words = [f"model {n}" for n in range(20) for _ in range(20 - n)]

    found = by_word("model", words)

    assert len(found.titles) == MOST_GROUPS
    assert found.titles[0] == "model 0"
    assert found.titles[-1] == "+9"
    assert int(found.group.max()) == MOST_GROUPS - 1


def test_nobody_said_anything():
    found = disputes_of(voices(n_steps=3), np.array([0, 0, 1]), [by_word("kind", ["a", "a", "b"])])

    assert found.overall.value is None
    assert found.meetings == ()
    assert found.divisions["kind"] == ()
