"""Releases by one officer with their review, and steps shown to a substitute."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('directory', '0002_duty'),
        ('exchange', '0005_pauses'),
    ]

    operations = [
        migrations.CreateModel(
            name='Escalation',
            fields=[
                ('obligation', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='+', serialize=False, to='exchange.obligation')),
                ('at', models.DateTimeField()),
                ('conversation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='exchange.conversation')),
                ('substitute', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='directory.post')),
            ],
            options={
                'ordering': ('at', 'obligation_id'),
                'indexes': [models.Index(fields=['substitute', 'conversation'], name='escalation_to')],
            },
        ),
        migrations.CreateModel(
            name='OneOfficerRelease',
            fields=[
                ('message', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='+', serialize=False, to='exchange.message')),
                ('agency', models.CharField(max_length=64)),
                ('reason', models.TextField(help_text='why it could not wait; emptied with the content of the message')),
                ('accord', models.CharField(max_length=64)),
                ('at', models.DateTimeField()),
                ('review_due', models.DateTimeField()),
                ('reviewed_at', models.DateTimeField(null=True)),
                ('upheld', models.BooleanField(null=True)),
                ('note', models.TextField(blank=True, help_text='of the review; emptied with the content of the message')),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='directory.tenure')),
                ('drafted_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='directory.tenure')),
                ('reviewed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='directory.tenure')),
            ],
            options={
                'ordering': ('review_due', 'message_id'),
                'indexes': [models.Index(condition=models.Q(('reviewed_at', None)), fields=['agency', 'review_due'], name='review_owed')],
            },
        ),
    ]
