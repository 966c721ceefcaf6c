from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('annotate', '0007_what_can_be_asked'),
    ]

    operations = [
        migrations.AlterField(
            model_name='label',
            name='value',
            field=models.CharField(max_length=200),
        ),
    ]
