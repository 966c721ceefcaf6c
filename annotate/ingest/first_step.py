"""Where the first step begins, in formats that mark it by nothing but the words *Step 1:*."""

from __future__ import annotations

import re

from annotate.errors import Rejected

# Models that write Markdown put marks before them.
_HEAD = r"(?:#{1,6}[ \t]+|\*\*|__)?"
_FIRST = re.compile(rf"(?:^|(?<=\s)){_HEAD}Step 1:")


def is_numbered(text: str, number: int) -> bool:
    """Whether a step begins with its number, ``Step 2:``."""
    return re.match(rf"{_HEAD}Step {number}:", text) is not None


def first_steps(text: str) -> list[int]:
    """Every place at which the first step may begin."""
    return [found.start() for found in _FIRST.finditer(text)]


def told_apart(text: str, field: str, within: str = "") -> tuple[str, str]:
    """The problem and the first step of a text that holds both with a space between; whatever else is kept.

    ``within`` says to people what the text is.

    Raises Rejected with ``field`` where the words are not there once, or nothing stands before them.
    """
    found = first_steps(text)
    if len(found) != 1:
        where = "more than once" if found else "nowhere"
        place = f" {within}" if within else ""
        raise Rejected(
            f'has "Step 1:" {where}{place}, so the problem and the first step cannot be told apart',
            field=field,
        )
    problem = text[: found[0]]
    if not problem.strip():
        raise Rejected('holds no problem before "Step 1:"', field=field)
    return problem[:-1], text[found[0] :]
