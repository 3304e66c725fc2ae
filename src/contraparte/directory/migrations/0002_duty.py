"""Duty rosters and substitutes of posts."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('directory', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Substitute',
            fields=[
                ('post', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='+', serialize=False, to='directory.post')),
                ('silence', models.DurationField(help_text='from the moment the step is owed')),
                ('set_at', models.DateTimeField()),
                ('set_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='directory.tenure')),
                ('substitute', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='directory.post')),
            ],
        ),
        migrations.CreateModel(
            name='DutyShift',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('weekday', models.PositiveSmallIntegerField(help_text='every week; Monday is 0', null=True)),
                ('day', models.DateField(help_text="once; that day's lines replace those of its weekday", null=True)),
                ('begins', models.TimeField()),
                ('ends', models.TimeField(help_text='no later than `begins`: on the next day')),
                ('planned_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(null=True)),
                ('ended_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='directory.tenure')),
                ('holder', models.ForeignKey(help_text='nobody: that day is left free', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='directory.tenure')),
                ('planned_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='directory.tenure')),
                ('post', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='directory.post')),
            ],
            options={
                'ordering': ('post_id', 'id'),
                'constraints': [models.CheckConstraint(condition=models.Q(('weekday__isnull', True), ('day__isnull', True), _connector='XOR'), name='duty_weekly_or_once')],
            },
        ),
    ]
