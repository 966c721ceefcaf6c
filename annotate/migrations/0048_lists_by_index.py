"""What was given up, and a project's lines about one noun, are found by indexes of their own."""

from django.db import migrations, models

from annotate.migrations._online import AddIndexOnline


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("annotate", "0046_upload_digest")]

    operations = [
        AddIndexOnline(
            "unit",
            models.Index(fields=("run", "id"), condition=models.Q(state="failed"), name="unit_given_up"),
        ),
        AddIndexOnline(
            "logentry",
            models.Index(fields=("project_pk", "noun", "-id"), name="log_by_noun"),
        ),
    ]
