import django.db.models.deletion
from django.db import migrations, models
from django.db.models import OuterRef, Q, Subquery


def fill_problems(apps, schema_editor):
    """Every unit so far is about a trace."""
    units, traces = apps.get_model("annotate", "Unit").objects, apps.get_model("annotate", "Trace").objects
    problem = traces.filter(pk=OuterRef("trace")).values("problem")[:1]
    units.update(problem=Subquery(problem))
    if schema_editor.connection.vendor == "postgresql":
        # Otherwise the checks of the new foreign key are still due when the column is altered.
        schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")


class Migration(migrations.Migration):
    dependencies = [("annotate", "0001_the_nouns")]

    operations = [
        migrations.AddField("completion", "choices", models.JSONField(blank=True, default=dict)),
        migrations.AddField("completion", "choice_source", models.CharField(blank=True, max_length=8)),
        migrations.AddField("completion", "player", models.CharField(blank=True, max_length=40)),
        migrations.AddField("completion", "revision", models.CharField(blank=True, max_length=100)),
        migrations.AddField("completion", "server", models.CharField(blank=True, max_length=100)),
        migrations.AddField("completion", "seed", models.BigIntegerField(blank=True, null=True)),
        migrations.AddField(
            "completion", "cost", models.FloatField(blank=True, help_text="US dollars", null=True)
        ),
        migrations.AddField("run", "budget_tokens", models.PositiveBigIntegerField(blank=True, null=True)),
        migrations.AddField(
            "run", "budget_completions", models.PositiveBigIntegerField(blank=True, null=True)
        ),
        migrations.AddField(
            "unit",
            "pair",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="units",
                to="annotate.pair",
            ),
        ),
        migrations.AlterField(
            "unit",
            "trace",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="units",
                to="annotate.trace",
            ),
        ),
        migrations.AddConstraint(
            "unit", models.UniqueConstraint(fields=("run", "pair"), name="unit_once_per_run_and_pair")
        ),
        migrations.AddConstraint(
            "unit",
            models.CheckConstraint(
                condition=Q(trace__isnull=False, pair__isnull=True)
                | Q(trace__isnull=True, pair__isnull=False),
                name="unit_is_about_one_thing",
            ),
        ),
        migrations.AddField(
            "unit",
            "problem",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="annotate.problem",
            ),
        ),
        migrations.RunPython(fill_problems, migrations.RunPython.noop),
        migrations.AlterField(
            "unit",
            "problem",
            models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="annotate.problem"
            ),
        ),
        migrations.AddIndex(
            "unit", models.Index(fields=["run", "state", "problem", "id"], name="unit_queue_by_problem")
        ),
    ]
