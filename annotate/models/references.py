# ruff: noqa: S608 - what stands in the statements are names of the models'
"""Foreign keys of the tables that grow by thousands of rows at a time, on PostgreSQL checked once for a statement.

PostgreSQL checks a foreign key with a query for every row: for the steps of a file that is dearer than writing them
and their indexes. The triggers here hold the same rule, with the same locks and the same error, by one query for all
rows of a statement. They differ in one point: what a row points to has to be there by the end of its statement, not by
the end of the transaction. What is pointed to may go first, as before, if what points to it goes by the end.

Installed after ``migrate`` where Django has made the constraint, which goes once they are there, so that no moment is
without one of the two. SQLite checks a key as it writes the row and keeps its constraints.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper


@dataclass(frozen=True, slots=True)
class Reference:
    """``table.column``, which is never null, holds the ``id`` of a row of ``target``."""

    table: str
    column: str
    target: str

    @property
    def name(self) -> str:
        return f"reference_{self.table.removeprefix('annotate_')}_{self.column.removesuffix('_id')}"


REFERENCES = (
    Reference("annotate_problem", "project_id", "annotate_project"),
    Reference("annotate_trace", "project_id", "annotate_project"),
    Reference("annotate_trace", "problem_id", "annotate_problem"),
    Reference("annotate_step", "trace_id", "annotate_trace"),
)


def install_references(connection: BaseDatabaseWrapper) -> None:
    """Put triggers in the place of the constraints; safe to run any number of times, also at an older migration."""
    if connection.vendor != "postgresql":
        return
    for reference in REFERENCES:
        # Both or neither; and tables are locked one at a time, for a moment each.
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            tables = set(connection.introspection.table_names(cursor))
            if not {reference.table, reference.target} <= tables:
                continue
            if not _is_installed(cursor, reference):
                for statement in _statements(reference):
                    cursor.execute(statement)
            for constraint in _constraints(cursor, reference):
                cursor.execute(f'ALTER TABLE {reference.table} DROP CONSTRAINT "{constraint}"')


def _is_installed(cursor: Any, reference: Reference) -> bool:
    names = [f"{reference.name}_{event}" for event in ("added", "moved", "gone", "renamed")]
    cursor.execute(
        "SELECT count(*) FROM pg_trigger WHERE tgname = ANY(%s) AND tgrelid IN (%s::regclass, %s::regclass)",
        [names, reference.table, reference.target],
    )
    return bool(cursor.fetchone()[0] == len(names))


def _constraints(cursor: Any, reference: Reference) -> list[str]:
    cursor.execute(
        "SELECT conname FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = conrelid AND a.attnum = conkey[1]"
        " WHERE contype = 'f' AND conrelid = %s::regclass AND confrelid = %s::regclass AND attname = %s",
        [reference.table, reference.target, reference.column],
    )
    return [name for (name,) in cursor.fetchall()]


def _statements(reference: Reference) -> Iterator[str]:
    table, column, target = reference.table, reference.column, reference.target
    fails = "USING ERRCODE = 'foreign_key_violation'"
    missing = f"RAISE EXCEPTION 'a row of {table} names a row of {target} that does not exist' {fails}"
    needed = f"RAISE EXCEPTION 'a row of {target} is still named by {table}' {fails}"
    yield from _trigger(
        f"{reference.name}_added",
        f"AFTER INSERT ON {table} REFERENCING NEW TABLE AS added FOR EACH STATEMENT",
        # KEY SHARE, as a constraint takes it: whoever deletes the target waits for us, and sees our rows then.
        f"IF (SELECT count(DISTINCT {column}) FROM added) <> (SELECT count(*) FROM (SELECT 1 FROM {target}"
        f" WHERE id IN (SELECT {column} FROM added) FOR KEY SHARE) AS held) THEN {missing}; END IF",
    )
    yield from _trigger(
        f"{reference.name}_moved",
        f"AFTER UPDATE OF {column} ON {table} FOR EACH ROW WHEN (OLD.{column} IS DISTINCT FROM NEW.{column})",
        f"PERFORM 1 FROM {target} WHERE id = NEW.{column} FOR KEY SHARE; IF NOT FOUND THEN {missing}; END IF",
    )
    yield from _trigger(
        f"{reference.name}_gone",
        f"AFTER DELETE ON {target} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW",
        # Asked at the end, when another row may have that key.
        f"IF EXISTS (SELECT FROM {table} WHERE {column} = OLD.id)"
        f" AND NOT EXISTS (SELECT FROM {target} WHERE id = OLD.id) THEN {needed}; END IF",
        kind="CONSTRAINT TRIGGER",
    )
    yield from _trigger(
        f"{reference.name}_renamed",
        f"AFTER UPDATE OF id ON {target} FOR EACH ROW WHEN (OLD.id IS DISTINCT FROM NEW.id)",
        f"IF EXISTS (SELECT FROM {table} WHERE {column} = OLD.id) THEN {needed}; END IF",
    )


def _trigger(name: str, when: str, body: str, *, kind: str = "TRIGGER") -> Iterator[str]:
    yield (
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$"
        f" BEGIN {body}; RETURN NULL; END $$"
    )
    yield f"DROP TRIGGER IF EXISTS {name} ON {when.partition(' ON ')[2].partition(' ')[0]}"
    yield f"CREATE {kind} {name} {when} EXECUTE FUNCTION {name}()"
