import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('annotate', '0028_worth'),
    ]

    operations = [
        migrations.CreateModel(
            name='Exploration',
            fields=[
                ('run', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='exploration', serialize=False, to='annotate.run')),
                ('newest_label', models.BigIntegerField(default=0, help_text='key of the newest label there was')),
                ('detail', models.JSONField(blank=True, default=dict)),
                ('columns', models.BinaryField(default=bytes)),
                ('counted_at', models.DateTimeField()),
            ],
        ),
    ]
