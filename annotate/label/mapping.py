"""What becomes of a rubric's questions and levels in another version (pure).

A question goes to one question of the new version or is set aside, and so does each of its levels. Nothing is guessed:
what has no counterpart by the same key is set aside until somebody says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext

from annotate.enums import CHOOSING_KINDS, CriterionKind
from annotate.errors import Rejected
from annotate.ingest.presets import CriterionPreset


@dataclass(frozen=True, slots=True)
class Move:
    """Where one question goes; ``to`` None: set aside, with everything said about it."""

    to: str | None
    levels: Mapping[str, str | None] = field(default_factory=dict)


Moves = Mapping[str, Move]


def usual_moves(old: Sequence[CriterionPreset], new: Sequence[CriterionPreset]) -> dict[str, Move]:
    """Each question to the one of its key that can hold its answers, each level to that of its key."""
    by_key = {one.key: one for one in new}
    return {
        one.key: move_to(one, by_key[one.key] if one.key in by_key and fits(one, by_key[one.key]) else None)
        for one in old
        if one.kind != CriterionKind.GROUP
    }


def move_to(one: CriterionPreset, target: CriterionPreset | None) -> Move:
    known = {level.key for level in target.levels} if target else set()
    levels = {level.key: level.key if level.key in known else None for level in one.levels}
    return Move(target.key if target else None, levels if target else dict.fromkeys(levels))


def fits(old: CriterionPreset, new: CriterionPreset) -> bool:
    """Whether the answers to one question can be answers to the other."""
    if old.candidate_kind != new.candidate_kind:
        return False
    return old.scope == new.scope and _family(old) == _family(new) != CriterionKind.GROUP


def _family(one: CriterionPreset) -> str:
    return CriterionKind.CHOICE if one.kind in CHOOSING_KINDS else one.kind


def check_moves(moves: Moves, old: Sequence[CriterionPreset], new: Sequence[CriterionPreset]) -> None:
    """Raises Rejected, naming the question and level, for moves that cannot be made."""
    before, after = {one.key: one for one in old}, {one.key: one for one in new}
    taken: dict[str, str] = {}
    for key, move in moves.items():
        if key not in before:
            raise Rejected(gettext("There is no question %(key)s to carry over.") % {"key": key}, field=key)
        if move.to is None:
            continue
        target = after.get(move.to)
        if target is None:
            raise Rejected(
                gettext("%(key)s: the new version has no question %(to)s.")
                % {"key": before[key].title, "to": move.to},
                field=key,
            )
        if not fits(before[key], target):
            raise Rejected(
                gettext(
                    "%(key)s is a %(key_)s about a %(scope)s; %(target)s is a %(target_)s about a %(scope_)s."
                )
                % {
                    "key": before[key].title,
                    "key_": before[key].kind,
                    "scope": before[key].scope,
                    "target": target.title,
                    "target_": target.kind,
                    "scope_": target.scope,
                },
                field=key,
            )
        if move.to in taken:
            raise Rejected(
                gettext("%(key)s and %(to)s cannot both become %(target)s: somebody may have answered each.")
                % {"key": before[key].title, "to": taken[move.to], "target": target.title},
                field=key,
            )
        taken[move.to] = before[key].title
        _check_levels(before[key], target, move)


def _check_levels(old: CriterionPreset, new: CriterionPreset, move: Move) -> None:
    before, after = {level.key for level in old.levels}, {level.key for level in new.levels}
    for level, to in move.levels.items():
        if level not in before:
            raise Rejected(
                gettext("%(old)s has no level %(level)s.") % {"old": old.title, "level": level},
                field=f"{old.key}.{level}",
            )
        if to is not None and to not in after:
            raise Rejected(
                gettext("%(new)s has no level %(to)s.") % {"new": new.title, "to": to},
                field=f"{old.key}.{level}",
            )


def carried_value(value: str, move: Move, target: CriterionPreset) -> str | None:
    """The answer under the new version; None: set aside. Of tags the known ones stay, each at its worst severity.

    A severity that the new version does not know sets its tag aside, and one that it needs is not made up.
    """
    if target.kind == CriterionKind.PICK:
        return value
    if target.kind != CriterionKind.TAGS:
        return move.levels.get(value) if value else value
    worst: dict[str, int] = {}
    for part in value.split():
        tag, _, severity = part.partition(":")
        to = move.levels.get(tag)
        if to is None or (target.severities and severity not in target.severities):
            continue
        rank = target.severities.index(severity) if target.severities else 0
        worst[to] = max(rank, worst.get(to, 0))
    if not worst:
        return None
    parts = (f"{tag}:{target.severities[at]}" if target.severities else tag for tag, at in worst.items())
    return " ".join(sorted(parts))


def carried_shares(shares: Mapping[str, float] | None, move: Move) -> dict[str, float] | None:
    """A machine's probabilities under the new levels; None where some of it lay on a level that is set aside."""
    if shares is None:
        return None
    found: dict[str, float] = {}
    for level, share in shares.items():
        to = move.levels.get(level)
        if to is None:
            if share > 0:
                return None
            continue
        found[to] = found.get(to, 0.0) + share
    return found


def as_json(moves: Moves) -> dict[str, Any]:
    return {key: {"to": move.to, "levels": dict(move.levels)} for key, move in moves.items()}


def from_json(given: Any, usual: Moves) -> dict[str, Move]:
    """Moves as :func:`as_json` writes them; questions and levels left out move as usual. Raises Rejected."""
    if not isinstance(given, Mapping):
        raise Rejected(
            gettext("The mapping is an object with a question's key for each name."), field="mapping"
        )
    moves = dict(usual)
    for key, move in given.items():
        is_move = isinstance(move, Mapping) and isinstance(move.get("levels", {}), Mapping)
        if not is_move or not all(
            _is_key(word) for word in (move.get("to", ""), *move.get("levels", {}).values())
        ):
            raise Rejected(
                gettext('A move is {"to": KEY or null, "levels": {KEY: KEY or null}}.'), field=str(key)
            )
        standing = usual.get(key, Move(None))
        to = move.get("to", standing.to)
        levels = {**(standing.levels if to == standing.to else {}), **move.get("levels", {})}
        moves[key] = Move(to, levels)
    return moves


def _is_key(word: Any) -> bool:
    return word is None or isinstance(word, str)
