from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('annotate', '0017_candidate'),
    ]

    operations = [
        migrations.AddField(
            model_name='person',
            name='language',
            field=models.CharField(blank=True, default='', max_length=16),
        ),
    ]
