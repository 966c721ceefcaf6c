"""An upload knows the digest of its file, so that no other one of that name and size goes on with it."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("annotate", "0044_partly_decided")]

    operations = [
        # With a default in the database: processes of the version before go on making uploads without one.
        migrations.AddField(
            model_name="upload",
            name="sha256",
            field=models.CharField(blank=True, db_default="", default="", max_length=64),
        ),
    ]
