"""What somebody said last is found by an index that ends with the label's key; the rater's own, which it begins with, goes."""

import django.db.models.deletion
from django.db import migrations, models

from annotate.migrations._online import AddIndexOnline, drop_online, indexes_of


def _drop(apps, schema_editor):
    for name in indexes_of(schema_editor, "annotate_label", "rater_id"):
        drop_online(schema_editor, name)


def _make(apps, schema_editor):
    how = "CONCURRENTLY " if schema_editor.connection.vendor == "postgresql" else ""
    schema_editor.execute(f"CREATE INDEX {how}annotate_label_rater_id_back ON annotate_label (rater_id)")


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("annotate", "0039_the_logbook")]

    operations = [
        AddIndexOnline("label", models.Index(fields=("rater", "id"), name="label_by_rater")),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(_drop, _make, atomic=False)],
            state_operations=[
                migrations.AlterField(
                    model_name="label",
                    name="rater",
                    field=models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.RESTRICT,
                        related_name="labels",
                        to="annotate.rater",
                    ),
                )
            ],
        ),
    ]
