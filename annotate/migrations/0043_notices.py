"""Who is told what happens, and what became of each notice; when sweeps came round, and of which version a worker is."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('annotate', '0042_comparisons_as_traces'),
    ]

    operations = [
        migrations.CreateModel(
            name='Pulse',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=80, unique=True)),
                ('beat_at', models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name='worker',
            name='version',
            field=models.CharField(blank=True, default='', help_text='of Gradus', max_length=40),
        ),
        migrations.CreateModel(
            name='Listener',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('webhook', 'A program, by webhook'), ('mail', 'Members, by e-mail')], max_length=10)),
                ('name', models.CharField(max_length=100)),
                ('url', models.CharField(blank=True, max_length=500)),
                ('roles', models.JSONField(blank=True, default=list)),
                ('events', models.JSONField(default=list)),
                ('salt', models.CharField(max_length=32)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('saw_work', models.BooleanField(default=False)),
                ('said_empty_at', models.DateTimeField(blank=True, null=True)),
                ('created_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='listeners', to='annotate.project')),
            ],
            options={
                'ordering': ('pk',),
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('kind', 'webhook'), models.Q(('url', ''), _negated=True)), models.Q(('kind', 'mail'), ('url', '')), _connector='OR'), name='listener_has_an_address_or_roles')],
            },
        ),
        migrations.CreateModel(
            name='Notice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('message_id', models.CharField(max_length=32, unique=True)),
                ('event', models.CharField(choices=[('run.finished', 'A run has finished'), ('run.failed', 'A run has failed, or spent its budget'), ('release.finished', 'A release is published'), ('release.failed', 'A release has failed'), ('reader.paused', 'The queue has paused somebody, for accuracy or pace'), ('queue.empty', 'The queue has run dry'), ('test', 'A test')], max_length=20)),
                ('key', models.CharField(max_length=120)),
                ('facts', models.JSONField(default=dict)),
                ('state', models.CharField(choices=[('waiting', 'On its way'), ('delivered', 'Delivered'), ('failed', 'Given up')], default='waiting', max_length=10)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('forgiven', models.PositiveSmallIntegerField(default=0)),
                ('next_at', models.DateTimeField()),
                ('leased_until', models.DateTimeField(blank=True, null=True)),
                ('status', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('answer', models.CharField(blank=True, max_length=300)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('listener', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='notices', to='annotate.listener')),
                ('person', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='notices', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ('-pk',),
                'indexes': [models.Index(condition=models.Q(('state', 'waiting')), fields=['next_at'], name='notice_due'), models.Index(fields=['listener', '-id'], name='notice_of_listener')],
                'constraints': [models.CheckConstraint(condition=models.Q(('event__in', ['run.finished', 'run.failed', 'release.finished', 'release.failed', 'reader.paused', 'queue.empty', 'test'])), name='notice_event_is_known'), models.CheckConstraint(condition=models.Q(('state__in', ['waiting', 'delivered', 'failed'])), name='notice_state_is_known'), models.UniqueConstraint(condition=models.Q(('person', None)), fields=('listener', 'key'), name='notice_once_per_listener'), models.UniqueConstraint(condition=models.Q(('person__isnull', False)), fields=('listener', 'key', 'person'), name='notice_once_per_person')],
            },
        ),
    ]
