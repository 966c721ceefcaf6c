"""Label rows of one criterion written again for another, inside the database: one statement for each answer.

A hundred thousand rows through Python hold a laptop's database for a minute; this takes seconds. It is the one place
that writes labels in SQL, because Django has no INSERT from a SELECT.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection
from django.utils import timezone

_COPIED = (
    "rater_id, step_id, trace_id, pair_id, candidate_id, lineup_id, assignment_id, run_id, score, text,"
    " has_seen_prelabels"
)
_EVIDENCE = {
    "sqlite": "json_set(evidence, '$.carried_from', json_object('label', id, 'rubric', %s, 'criterion', %s,"
    " 'value', value))",
    "postgresql": "evidence || jsonb_build_object('carried_from', jsonb_build_object('label', id,"
    " 'rubric', %s::text, 'criterion', %s::text, 'value', value))",
}


@dataclass(frozen=True, slots=True)
class Passage:
    """From which criterion and answer to which, and what the evidence says of the origin."""

    criterion: int
    value: str
    to_criterion: int
    to_value: str
    rubric: str
    criterion_key: str


def copy_rows(passage: Passage, *, with_shares: bool) -> int:
    """Carry every live label of an answer over; how many.

    ``with_shares``: probabilities are carried as they are. Without, labels that have some are left to the caller. The
    time is not carried: it was spent once, on the label that each comes from.
    """
    shares, which = ("distribution", "") if with_shares else ("NULL", " AND distribution IS NULL")
    # Nothing in the statement comes from outside: what does is a parameter.
    statement = (
        f"INSERT INTO annotate_label ({_COPIED}, criterion_id, value, distribution, evidence,"  # noqa: S608
        " seconds, is_live,"
        f" supersedes_id, created_at) SELECT {_COPIED}, %s, %s, {shares}, {_EVIDENCE[connection.vendor]}, NULL, TRUE,"
        f" NULL, %s FROM annotate_label WHERE criterion_id = %s AND value = %s AND is_live{which}"
    )
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    with connection.cursor() as cursor:
        cursor.execute(
            statement,
            [
                passage.to_criterion,
                passage.to_value,
                passage.rubric,
                passage.criterion_key,
                now,
                passage.criterion,
                passage.value,
            ],
        )
        return int(cursor.rowcount)
