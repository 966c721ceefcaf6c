"""Pairs and lineups are made in pieces, as a stage of a project's filling. That table has a row for each project."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("annotate", "0049_image_addresses")]

    operations = [
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
                    ("compare", "Pairs and lineups"),
                ],
                default="turns",
                max_length=10,
            ),
        ),
        migrations.RemoveConstraint(model_name="filling", name="filling_stage_is_known"),
        migrations.AddConstraint(
            model_name="filling",
            constraint=models.CheckConstraint(
                condition=Q(stage__in=["turns", "order", "move", "slots", "change", "compare"]),
                name="filling_stage_is_known",
            ),
        ),
    ]
