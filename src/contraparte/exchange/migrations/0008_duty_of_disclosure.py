"""Duties of disclosure by law or court order, and the court files they open."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('directory', '0002_duty'),
        ('exchange', '0007_custody_of_answers'),
    ]

    operations = [
        migrations.CreateModel(
            name='DisclosureDuty',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('agency', models.CharField(max_length=64)),
                ('uuid', models.UUIDField()),
                ('ours', models.BooleanField(help_text='declared here, of an item that came in; else told to us of one we sent')),
                ('other', models.CharField(help_text='the post on the other side', max_length=106)),
                ('basis', models.CharField(blank=True, max_length=40)),
                ('citation', models.CharField(blank=True, max_length=120)),
                ('court', models.CharField(blank=True, max_length=120)),
                ('dated', models.DateField(null=True)),
                ('state', models.CharField(choices=[('declared', 'Declared'), ('confirmed', 'Confirmed'), ('withdrawn', 'Withdrawn')], max_length=9)),
                ('declared_at', models.DateTimeField()),
                ('objection', models.UUIDField(help_text='the id of the message that objects', null=True)),
                ('objection_ground', models.CharField(blank=True, max_length=40)),
                ('objection_note', models.TextField(blank=True)),
                ('objected_at', models.DateTimeField(null=True)),
                ('confirmed_at', models.DateTimeField(null=True)),
                ('withdrawn_at', models.DateTimeField(null=True)),
                ('confirmed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='directory.tenure')),
                ('declared_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='directory.tenure')),
                ('item', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='duties', to='exchange.message')),
                ('notice', models.ForeignKey(help_text='by which it is told', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='exchange.message')),
            ],
            options={
                'ordering': ('declared_at', 'id'),
            },
        ),
        migrations.AddField(
            model_name='filing',
            name='duty',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='filings', to='exchange.disclosureduty'),
        ),
        migrations.AddIndex(
            model_name='disclosureduty',
            index=models.Index(condition=models.Q(('state', 'declared')), fields=['agency', 'declared_at'], name='duty_open'),
        ),
        migrations.AddConstraint(
            model_name='disclosureduty',
            constraint=models.UniqueConstraint(fields=('agency', 'uuid', 'ours', 'other'), name='duty_once'),
        ),
    ]
