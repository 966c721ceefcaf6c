"""Tables of Gradus's own releases that do not come in again: known by their fields, and refused with what to take.

What each of them leaves out (who said it, the steps, the other half of a mean) would have to be made up. Whoever names
a reader all the same gets what that one makes of it.
"""

from __future__ import annotations

from collections.abc import Iterable

from annotate.errors import Rejected

_LABELS = "bring in the format labels, which says who said what"
_TABLES = (
    (
        {"messages", "trace", "step", "by"},
        f"these are critiques of a release (critique_sft), without their writers: {_LABELS}. The conversations alone"
        " come in as openai_messages",
    ),
    (
        {"prompt", "completion", "reward", "rewards", "step_rewards"},
        f"these are mean scores of a release (rubric_rewards), which nobody gave: {_LABELS}. The traces alone come in"
        " as table, by map id=trace",
    ),
    (
        {"prompt", "left", "right", "verdict", "votes", "by"},
        "these are the votes behind the preferences of a release: bring in its table data, with prompt, chosen and"
        " rejected",
    ),
    (
        {"scope", "trace", "candidate_kind", "pair", "lineup", "rater", "criterion"},
        "these are the details of labels of a release, on other things than steps and traces too: bring in its table"
        " data",
    ),
    (
        {"trace", "steps", "steps_kept", "score_min"},
        "these are the traces of a release without their steps: bring in its table steps, which holds both",
    ),
)
_RATERS = {"rater", "kind", "is_simulated"}


def refuse_one_way(fields: Iterable[str]) -> None:
    """Raises Rejected where a record with these fields is of such a table."""
    found = frozenset(fields)
    for needed, reason in _TABLES:
        if needed <= found:
            raise Rejected(reason, field="format")
    if found == _RATERS:
        raise Rejected(
            "these are the raters of a release, who come in with their labels: bring in its table steps",
            field="format",
        )
