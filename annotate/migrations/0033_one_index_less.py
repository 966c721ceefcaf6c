"""Drop the index of a step's trace alone: ``step_by_trace`` begins with it, and every new step paid for both.

As SQL of its own, because SQLite would otherwise write the whole table anew.
"""

import django.db.models.deletion
from django.db import migrations, models


def _drop(apps, schema_editor):
    table = apps.get_model("annotate", "Step")._meta.db_table
    connection = schema_editor.connection
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, table)
    for name, one in found.items():
        if one["index"] and not one["unique"] and one["columns"] == ["trace_id"]:
            schema_editor.execute(f"DROP INDEX {connection.ops.quote_name(name)}")


def _make(apps, schema_editor):
    schema_editor.execute("CREATE INDEX annotate_step_trace_id_482ced17 ON annotate_step (trace_id)")


class Migration(migrations.Migration):
    dependencies = [("annotate", "0032_changes_of_a_release")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(_drop, _make)],
            state_operations=[
                migrations.AlterField(
                    model_name="step",
                    name="trace",
                    field=models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="steps",
                        to="annotate.trace",
                    ),
                )
            ],
        )
    ]
