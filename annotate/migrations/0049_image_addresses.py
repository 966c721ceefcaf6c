"""Where an image was fetched: an address stands for one image of its project from then on."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("annotate", "0048_lists_by_index")]

    operations = [
        migrations.CreateModel(
            name="ImageAddress",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("address_hash", models.CharField(max_length=64)),
                ("image", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="addresses", to="annotate.image")),
                ("project", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="image_addresses", to="annotate.project")),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("project", "address_hash"), name="image_address_once_per_project")],
            },
        ),
    ]
