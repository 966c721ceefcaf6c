"""Rules that hold below the ORM, as database triggers on SQLite and PostgreSQL alike.

They are taken away before every ``migrate`` that changes something and installed after it, rather than by a migration:
SQLite rebuilds a table to alter it, and a rebuilt table has silently lost its triggers.

Deleting is guarded for the logbook alone, because emptying a whole database (a test's clean-up, a removed project)
must stay possible; foreign keys that protect and the models see to the rest. ``manage.py flush`` takes the logbook's
guard away for as long as it runs.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from django.db.backends.base.base import BaseDatabaseWrapper


@dataclass(frozen=True, slots=True)
class Guard:
    """Refuse ``event`` on ``table`` when ``condition`` (SQL over OLD and NEW) holds."""

    name: str
    event: str
    table: str
    condition: str
    message: str

    def for_columns(self, present: Collection[str]) -> Guard:
        """The guard as far as the table has its columns: an older migration has fewer."""
        event, of, columns = self.event.partition(" OF ")
        named = ", ".join(column for column in columns.split(", ") if column in present)
        return replace(self, event=f"{event}{of}{named}")


_RUBRIC_OF = "(SELECT is_frozen FROM annotate_rubric WHERE id = {row}.rubric_id)"
_RUBRIC_OF_LEVEL = (
    "(SELECT r.is_frozen FROM annotate_rubric r JOIN annotate_criterion c ON c.rubric_id = r.id"
    " WHERE c.id = {row}.criterion_id)"
)
_LOG = "the logbook is append-only"
_FROZEN = "a frozen rubric version cannot change"
_LABEL_FACTS = (
    "rater_id, criterion_id, step_id, trace_id, pair_id, candidate_id, lineup_id, assignment_id, run_id, value, score,"
    " text, distribution, evidence, seconds, has_seen_prelabels, supersedes_id, decided_by_id, created_at"
)
_RELEASE_FACTS = (
    "project_id, number, run_id, format, settings, state, path, manifest, funnel, error, published_at"
)

GUARDS = (
    Guard(
        "rubric_frozen",
        "UPDATE OF project_id, name, version, guidelines, is_frozen, mapping",
        "annotate_rubric",
        "OLD.is_frozen",
        _FROZEN,
    ),
    Guard("criterion_added", "INSERT", "annotate_criterion", _RUBRIC_OF.format(row="NEW"), _FROZEN),
    Guard(
        "criterion_changed",
        "UPDATE",
        "annotate_criterion",
        f"{_RUBRIC_OF.format(row='OLD')} OR {_RUBRIC_OF.format(row='NEW')}",
        _FROZEN,
    ),
    Guard("level_added", "INSERT", "annotate_level", _RUBRIC_OF_LEVEL.format(row="NEW"), _FROZEN),
    Guard(
        "level_changed",
        "UPDATE",
        "annotate_level",
        f"{_RUBRIC_OF_LEVEL.format(row='OLD')} OR {_RUBRIC_OF_LEVEL.format(row='NEW')}",
        _FROZEN,
    ),
    Guard("label_changed", f"UPDATE OF {_LABEL_FACTS}", "annotate_label", "1 = 1", "labels are append-only"),
    Guard(
        "label_revived",
        "UPDATE OF is_live",
        "annotate_label",
        "NEW.is_live AND NOT OLD.is_live",
        "a superseded label stays superseded",
    ),
    Guard(
        "intervention_changed",
        "UPDATE OF rater_id, deed, reason, since, made_at",
        "annotate_intervention",
        "1 = 1",
        "what was done about a rater stays as it was written down",
    ),
    Guard("log_changed", "UPDATE", "annotate_logentry", "1 = 1", _LOG),
    Guard("log_deleted", "DELETE", "annotate_logentry", "1 = 1", _LOG),
    Guard(
        "release_published",
        f"UPDATE OF {_RELEASE_FACTS}",
        "annotate_release",
        "OLD.state = 'published'",
        "a published release cannot change",
    ),
)


def install_guards(connection: BaseDatabaseWrapper) -> None:
    """(Re)create every guard; safe to run any number of times, also on a database at an older migration."""
    introspect = connection.introspection.get_table_description
    write = {"sqlite": _for_sqlite, "postgresql": _for_postgresql}[connection.vendor]
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
        for guard in GUARDS:
            if guard.table not in tables:
                continue
            present = {column.name for column in introspect(cursor, guard.table)}
            for statement in write(guard.for_columns(present)):
                cursor.execute(statement)


def remove_guards(connection: BaseDatabaseWrapper) -> None:
    """Take every guard away, before tables change; some of the tables may not be there yet."""
    table = "" if connection.vendor == "sqlite" else " ON {table}"
    with connection.cursor() as cursor:
        for guard in GUARDS:
            cursor.execute(f"DROP TRIGGER IF EXISTS guard_{guard.name}{table.format(table=guard.table)}")


def _for_sqlite(guard: Guard) -> tuple[str, ...]:
    return (
        f"DROP TRIGGER IF EXISTS guard_{guard.name}",
        f"CREATE TRIGGER guard_{guard.name} BEFORE {guard.event} ON {guard.table} FOR EACH ROW"
        f" WHEN {guard.condition} BEGIN SELECT RAISE(ABORT, '{guard.message}'); END",
    )


def _for_postgresql(guard: Guard) -> tuple[str, ...]:
    # The condition sits inside the function: a WHEN clause may hold no subquery there.
    return (
        f"CREATE OR REPLACE FUNCTION guard_{guard.name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" IF {guard.condition} THEN RAISE EXCEPTION '{guard.message}' USING ERRCODE = 'check_violation'; END IF;"
        f" RETURN NEW; END $$",
        f"DROP TRIGGER IF EXISTS guard_{guard.name} ON {guard.table}",
        f"CREATE TRIGGER guard_{guard.name} BEFORE {guard.event} ON {guard.table}"
        f" FOR EACH ROW EXECUTE FUNCTION guard_{guard.name}()",
    )
