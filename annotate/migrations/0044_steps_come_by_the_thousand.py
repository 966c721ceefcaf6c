"""New traces cost less: two indexes of steps become one, and PostgreSQL looks for what rows point to by the statement.

One unique index over trace, position and retirement finds steps and keeps them apart, where one for the steps of now
and one for all did so together.

A foreign key looks each row's parent up by itself and locks it, which was half of what a trace of eight steps cost
PostgreSQL. For steps, traces and problems three triggers each keep the same promise: new rows are looked at together
when their statement ends, a row that changes hands by itself, and at the end of a transaction nothing points to what
was deleted. SQLite, where the lookup costs little, keeps its foreign keys.
"""

from django.db import migrations, models
from django.db.models.functions import Coalesce

from annotate.migrations._online import drop_online, indexes_of

PLACE = "step_place_once_per_trace"
TRACE_AND_POSITION = ("trace_id", "position")

# Table and column, and the table that it points into.
REFERENCES = (
    ("step", "trace_id", "trace"),
    ("trace", "problem_id", "problem"),
    ("trace", "project_id", "project"),
    ("problem", "project_id", "project"),
)
# EXECUTE plans anew each time: what was right for one row is not for ten thousand. A row of this very transaction is
# nobody else's to delete; any other is locked first, as a foreign key does, and looked for after that.
KEPT_TOGETHER = (
    """
    CREATE OR REPLACE FUNCTION new_{child}_has_{parent}() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE stray bigint;
    BEGIN
        EXECUTE 'SELECT 1 FROM annotate_{parent} p WHERE p.id IN (SELECT {column} FROM fresh)
                 AND p.xmin <> pg_current_xact_id()::xid FOR KEY SHARE OF p';
        EXECUTE 'SELECT f.{column} FROM (SELECT DISTINCT {column} FROM fresh) f
                 WHERE NOT EXISTS (SELECT FROM annotate_{parent} p WHERE p.id = f.{column}) LIMIT 1' INTO stray;
        IF stray IS NOT NULL THEN
            RAISE EXCEPTION 'a {child} is of {parent} %, which there is not', stray
            USING ERRCODE = 'foreign_key_violation';
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE OR REPLACE FUNCTION moved_{child}_has_{parent}() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM 1 FROM annotate_{parent} WHERE id = NEW.{column} FOR KEY SHARE;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'a {child} is of {parent} %, which there is not', NEW.{column}
            USING ERRCODE = 'foreign_key_violation';
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE OR REPLACE FUNCTION gone_{parent}_has_no_{child}() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT FROM annotate_{child} WHERE {column} = OLD.id)
        AND NOT EXISTS (SELECT FROM annotate_{parent} WHERE id = OLD.id) THEN
            RAISE EXCEPTION '{parent} % is gone and is pointed to by a {child}', OLD.id
            USING ERRCODE = 'foreign_key_violation';
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER new_{child}_has_{parent} AFTER INSERT ON annotate_{child} REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION new_{child}_has_{parent}()
    """,
    """
    CREATE CONSTRAINT TRIGGER moved_{child}_has_{parent} AFTER UPDATE OF {column} ON annotate_{child}
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.{column} <> NEW.{column})
    EXECUTE FUNCTION moved_{child}_has_{parent}()
    """,
    """
    CREATE CONSTRAINT TRIGGER gone_{parent}_has_no_{child} AFTER DELETE OR UPDATE OF id ON annotate_{parent}
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION gone_{parent}_has_no_{child}()
    """,
)
KEPT_BY_ONE = (
    "DROP TRIGGER IF EXISTS new_{child}_has_{parent} ON annotate_{child}",
    "DROP TRIGGER IF EXISTS moved_{child}_has_{parent} ON annotate_{child}",
    "DROP TRIGGER IF EXISTS gone_{parent}_has_no_{child} ON annotate_{parent}",
    "DROP FUNCTION IF EXISTS new_{child}_has_{parent}()",
    "DROP FUNCTION IF EXISTS moved_{child}_has_{parent}()",
    "DROP FUNCTION IF EXISTS gone_{parent}_has_no_{child}()",
)


def _how(schema_editor):
    return "CONCURRENTLY " if schema_editor.connection.vendor == "postgresql" else ""


def _one_index(apps, schema_editor):
    # One that was left half-made, by a stop, is made anew.
    drop_online(schema_editor, PLACE)
    schema_editor.execute(
        f"CREATE UNIQUE INDEX {_how(schema_editor)}{PLACE} ON annotate_step"
        " (trace_id, position, (COALESCE(retired_in, 0)))"
    )
    drop_online(schema_editor, "step_position_once_per_trace")
    for name in indexes_of(schema_editor, "annotate_step", *TRACE_AND_POSITION):
        drop_online(schema_editor, name)


def _two_indexes(apps, schema_editor):
    how = _how(schema_editor)
    for name in ("step_position_once_per_trace", "step_by_trace"):
        drop_online(schema_editor, name)
    schema_editor.execute(
        f"CREATE UNIQUE INDEX {how}step_position_once_per_trace ON annotate_step (trace_id, position)"
        " WHERE retired_in IS NULL"
    )
    schema_editor.execute(f"CREATE INDEX {how}step_by_trace ON annotate_step (trace_id, position)")
    drop_online(schema_editor, PLACE)


def _foreign_keys(schema_editor, child, column):
    connection = schema_editor.connection
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, f"annotate_{child}")
    return [name for name, one in found.items() if one["foreign_key"] and one["columns"] == [column]]


def _execute(schema_editor, statements, child, column, parent):
    for statement in statements:
        schema_editor.execute(statement.format(child=child, column=column, parent=parent), params=None)


def _keep_together(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    for child, column, parent in REFERENCES:
        _execute(schema_editor, (*KEPT_BY_ONE, *KEPT_TOGETHER), child, column, parent)
        for name in _foreign_keys(schema_editor, child, column):
            schema_editor.execute(f"ALTER TABLE annotate_{child} DROP CONSTRAINT {schema_editor.quote_name(name)}")


def _each_by_itself(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    for child, column, parent in REFERENCES:
        if not _foreign_keys(schema_editor, child, column):
            name = f"annotate_{child}_{column}_back"
            # Rows of before are looked through without keeping anybody from writing.
            schema_editor.execute(
                f"ALTER TABLE annotate_{child} ADD CONSTRAINT {name} FOREIGN KEY ({column})"
                f" REFERENCES annotate_{parent} (id) DEFERRABLE INITIALLY DEFERRED NOT VALID"
            )
            schema_editor.execute(f"ALTER TABLE annotate_{child} VALIDATE CONSTRAINT {name}")
        _execute(schema_editor, KEPT_BY_ONE, child, column, parent)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("annotate", "0043_notices")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(_one_index, _two_indexes, atomic=False)],
            state_operations=[
                migrations.RemoveConstraint(model_name="step", name="step_position_once_per_trace"),
                migrations.RemoveIndex(model_name="step", name="step_by_trace"),
                migrations.AddConstraint(
                    model_name="step",
                    constraint=models.UniqueConstraint("trace", "position", Coalesce("retired_in", 0), name=PLACE),
                ),
            ],
        ),
        migrations.RunPython(_keep_together, _each_by_itself, atomic=True),
    ]
