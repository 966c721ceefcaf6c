from __future__ import annotations

import pytest

from annotate.errors import Rejected
from annotate.ingest.rubric_rules import PAGE_KEYS
from annotate.label.shortcuts import SHORTCUTS, check_keys, keys_of, without_levels


def test_the_usual_keys_are_one_character_each_and_no_two_alike() -> None:
    keys = [shortcut.key for shortcut in SHORTCUTS]
    assert len(set(keys)) == len(keys)
    assert check_keys({}) == {}
    # The builder of rubrics, which knows nothing of this room, keeps levels off the same keys.
    assert set(keys) == PAGE_KEYS


def test_only_what_departs_from_the_usual_is_kept() -> None:
    assert check_keys({"next": "l", "undo": "u", "note": " "}) == {"next": "l"}
    assert keys_of({"next": "l", "gone": "g"})["next"] == "l"
    assert "gone" not in keys_of({"gone": "g"})


def test_two_shortcuts_may_change_places() -> None:
    assert check_keys({"next": "k", "previous": "j"}) == {"next": "k", "previous": "j"}


@pytest.mark.parametrize(
    ("chosen", "field", "reason"),
    [
        ({"next": "u"}, "undo", "u is taken: Next step."),
        ({"next": "3"}, "next", "Digits are for the levels."),
        ({"next": "jj"}, "next", "A shortcut is one character."),
        ({"next": "\u200b"}, "next", "A shortcut is one character."),
        ({"next": "M"}, "missing", "m is taken: Next step."),
    ],
)
def test_a_key_that_cannot_work_is_refused_with_its_place(
    chosen: dict[str, str], field: str, reason: str
) -> None:
    with pytest.raises(Rejected) as refusal:
        check_keys(chosen)
    assert (refusal.value.field, refusal.value.reason) == (field, reason)


def test_a_level_keeps_its_key() -> None:
    assert "next" not in without_levels(keys_of({}), {"J", "1"})
    assert without_levels(keys_of({}), {"1"}) == keys_of({})
