"""Comparisons get what readings of traces have: a purpose, a score and skills; pairs and lineups a use.

Turns remember whether everything about their trace is decided, fillings a change of many traces.
"""

from django.db import migrations, models
from django.db.models import Q

USES = [
    ("work", "Work"),
    ("gold", "Hidden gold"),
    ("exam", "Exam"),
    ("demo", "Demonstration"),
    ("withdrawn", "Withdrawn"),
]


class Migration(migrations.Migration):
    dependencies = [("annotate", "0041_what_a_rater_said_last")]

    operations = [
        migrations.AddField(
            model_name="comparison",
            name="purpose",
            field=models.CharField(choices=USES, default="work", max_length=10),
        ),
        migrations.AddField(
            model_name="comparison",
            name="score",
            field=models.FloatField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="comparison",
            name="skill",
            field=models.CharField(blank=True, default="", max_length=810),
            preserve_default=False,
        ),
        migrations.AddConstraint(
            model_name="comparison",
            constraint=models.CheckConstraint(
                condition=Q(purpose__in=["work", "gold"]), name="comparison_purpose_is_known"
            ),
        ),
        migrations.RemoveConstraint(model_name="comparison", name="comparison_state_is_known"),
        migrations.AddConstraint(
            model_name="comparison",
            constraint=models.CheckConstraint(
                condition=Q(state__in=["open", "held", "submitted", "skipped", "returned"]),
                name="comparison_state_is_known",
            ),
        ),
        migrations.RemoveConstraint(model_name="comparison", name="comparison_lease_matches_state"),
        migrations.AddConstraint(
            model_name="comparison",
            constraint=models.CheckConstraint(
                condition=Q(state="open", holder__isnull=True, held_until__isnull=True)
                | Q(state="held", holder__isnull=False, held_until__isnull=False)
                | Q(
                    state__in=("submitted", "skipped", "returned"),
                    holder__isnull=False,
                    held_until__isnull=True,
                ),
                name="comparison_lease_matches_state",
            ),
        ),
        migrations.AddIndex(
            model_name="comparison",
            index=models.Index(fields=["project", "skill"], name="comparison_by_skill"),
        ),
        migrations.AddField(
            model_name="pair",
            name="use",
            field=models.CharField(choices=USES, default="work", max_length=10),
        ),
        migrations.AddConstraint(
            model_name="pair",
            constraint=models.CheckConstraint(
                condition=Q(use__in=["work", "gold", "withdrawn"]), name="pair_use_is_known"
            ),
        ),
        migrations.AddIndex(
            model_name="pair",
            index=models.Index(fields=["project", "use"], condition=~Q(use="work"), name="pair_set_apart"),
        ),
        migrations.AddField(
            model_name="lineup",
            name="use",
            field=models.CharField(choices=USES, default="work", max_length=10),
        ),
        migrations.AddConstraint(
            model_name="lineup",
            constraint=models.CheckConstraint(
                condition=Q(use__in=["work", "gold", "withdrawn"]), name="lineup_use_is_known"
            ),
        ),
        migrations.AddIndex(
            model_name="lineup",
            index=models.Index(fields=["project", "use"], condition=~Q(use="work"), name="lineup_set_apart"),
        ),
        migrations.AddField(
            model_name="turn",
            name="is_settled",
            field=models.BooleanField(default=None, null=True),
        ),
        migrations.AddField(
            model_name="filling",
            name="change",
            field=models.JSONField(default=None, null=True),
        ),
        migrations.AlterField(
            model_name="filling",
            name="stage",
            field=models.CharField(
                choices=[
                    ("turns", "Turns"),
                    ("order", "Order"),
                    ("move", "Move"),
                    ("slots", "Slots"),
                    ("change", "Change of many traces"),
                ],
                default="turns",
                max_length=10,
            ),
        ),
        migrations.RemoveConstraint(model_name="filling", name="filling_stage_is_known"),
        migrations.AddConstraint(
            model_name="filling",
            constraint=models.CheckConstraint(
                condition=Q(stage__in=["turns", "order", "move", "slots", "change"]),
                name="filling_stage_is_known",
            ),
        ),
    ]
