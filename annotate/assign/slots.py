"""Slots for many traces at once, made inside the database: one statement for each batch of traces.

Row by row through Python, 100,000 traces take a minute or two. This and ``label/carried_rows.py`` write in SQL because
Django has no INSERT from a SELECT.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection

from annotate.enums import AssignmentState, Purpose
from annotate.models import Project, Trace, Turn

from .readers import lower_cursors
from .rules import MOST_READINGS, QueueRules, overlap_by_stratum

BATCH = 1000
_COLUMNS = "project_id, trace_id, slot, state, token, position, skill, purpose, note"


def add_some_slots(project: Project, rules: QueueRules, after: int) -> tuple[int, int, int]:
    """Slots that the next batch of traces behind ``after`` wants: how many traces, the last one's id, slots made.

    Call it inside a transaction. The turns are locked, so that nobody opens a slot of one of these traces meanwhile.
    """
    traces = Trace.objects.filter(project=project, pk__gt=after).order_by("pk")
    ids = list(traces.values_list("pk", flat=True)[:BATCH])
    turns = Turn.objects.select_for_update(of=("self",)).filter(trace__in=ids, use=Purpose.WORK)
    positions = list(turns.order_by("pk").values_list("position", flat=True))
    if not positions:
        return len(ids), ids[-1] if ids else after, 0
    made = _insert(project, rules, ids[0], ids[-1])
    if made:
        lower_cursors(project, min(positions))
    return len(ids), ids[-1], made


def _insert(project: Project, rules: QueueRules, first: int, last: int) -> int:
    strata = overlap_by_stratum(rules.overlap_of)
    wanted = "%s" if not strata else f"CASE t.stratum {'WHEN %s THEN %s ' * len(strata)}ELSE %s END"
    # The sum keeps databases from the index over a whole project's turns: those of a batch are found by their traces.
    # Nothing in the statement comes from outside: what does is a parameter.
    statement = (
        f"INSERT INTO annotate_assignment ({_COLUMNS})"  # noqa: S608
        " SELECT t.project_id, t.trace_id, COALESCE(s.newest, -1) + n.i, %s, 0, t.position, t.skill, %s, ''"
        " FROM annotate_turn t LEFT JOIN ("
        "SELECT trace_id, MAX(slot) AS newest,"
        " SUM(CASE WHEN purpose = %s AND state <> %s THEN 1 ELSE 0 END) AS standing"
        " FROM annotate_assignment WHERE trace_id BETWEEN %s AND %s GROUP BY trace_id"
        f") s ON s.trace_id = t.trace_id JOIN ({_numbers()}) n ON n.i <= {wanted} - COALESCE(s.standing, 0)"
        " WHERE t.project_id + 0 = %s AND t.use = %s AND t.trace_id BETWEEN %s AND %s"
        " ORDER BY t.trace_id, n.i"
    )
    with connection.cursor() as cursor:
        cursor.execute(
            statement,
            [
                *(AssignmentState.OPEN.value, Purpose.WORK.value),
                *(Purpose.WORK.value, AssignmentState.SKIPPED.value, first, last),
                *_flat(strata.items()),
                *(project.overlap, project.pk, Purpose.WORK.value, first, last),
            ],
        )
        return int(cursor.rowcount)


def _numbers() -> str:
    return " UNION ALL ".join(f"SELECT {i} AS i" for i in range(1, MOST_READINGS + 1))


def _flat(pairs: Iterable[tuple[str, int]]) -> list[str | int]:
    return [part for pair in pairs for part in pair]
