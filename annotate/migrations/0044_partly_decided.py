"""Traces on which something is decided and something is not are found by an index of their own."""

from django.db import migrations, models

from annotate.migrations._online import AddIndexOnline


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("annotate", "0043_notices")]

    operations = [
        AddIndexOnline(
            "turn",
            models.Index(
                fields=["project", "id"],
                condition=models.Q(is_settled=False, is_settled__isnull=False),
                name="turn_partly_decided",
            ),
        )
    ]
