

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('directory', '0002_duty'),
        ('exchange', '0007_custody_of_answers'),
    ]

    operations = [
        migrations.CreateModel(
            name='Group',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('agency', models.CharField(max_length=64)),
                ('uuid', models.UUIDField()),
                ('counterpart', models.CharField(max_length=106)),
                ('side', models.CharField(help_text='which side this agency is; a proposed the group', max_length=1)),
                ('name_en', models.CharField(blank=True, max_length=300)),
                ('name_es', models.CharField(blank=True, max_length=300)),
                ('kind', models.CharField(blank=True, max_length=40)),
                ('framework', models.CharField(blank=True, max_length=40)),
                ('state', models.CharField(default='proposed', max_length=14)),
                ('since', models.DateTimeField()),
                ('handling', models.JSONField(default=list, help_text='the level of its charter')),
                ('time_zone', models.CharField(default='UTC', max_length=64)),
                ('last_held_at', models.DateTimeField(null=True)),
                ('next_at', models.DateTimeField(help_text='the next meeting that has been called', null=True)),
                ('dormant_at', models.DateTimeField(help_text='when it is dormant unless it meets before', null=True)),
                ('changes_at', models.DateTimeField(help_text='when the clock alone changes something next', null=True)),
                ('heartbeat', models.JSONField(default=list, help_text='[day, state] of its last meetings')),
                ('goals', models.JSONField(default=list, help_text='[key, verdict] of each goal in force')),
                ('open_promises', models.PositiveIntegerField(default=0)),
                ('successor', models.UUIDField(null=True)),
                ('opened_at', models.DateTimeField()),
                ('changed_at', models.DateTimeField()),
                ('conversation', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='exchange.conversation')),
                ('post', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='directory.post')),
            ],
            options={
                'ordering': ('name_en', 'id'),
            },
        ),
        migrations.CreateModel(
            name='GroupWord',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('act', models.CharField(max_length=40)),
                ('side', models.CharField(max_length=1)),
                ('turn', models.PositiveIntegerField()),
                ('seen', models.PositiveIntegerField()),
                ('at', models.DateTimeField()),
                ('facts', models.JSONField()),
                ('crossed', models.CharField(blank=True, help_text='why it moves nothing', max_length=40)),
                ('group', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='words', to='groups.group')),
                ('message', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='exchange.message')),
            ],
            options={
                'ordering': ('at', 'id'),
            },
        ),
        migrations.CreateModel(
            name='Meeting',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.UUIDField()),
                ('number', models.PositiveIntegerField()),
                ('starts', models.DateTimeField()),
                ('ends', models.DateTimeField()),
                ('zone', models.CharField(max_length=64)),
                ('state', models.CharField(max_length=14)),
                ('minutes', models.CharField(blank=True, help_text='draft, final, disputed; empty for none', max_length=10)),
                ('sequence', models.PositiveIntegerField(default=0)),
                ('changed_at', models.DateTimeField()),
                ('group', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='meetings', to='groups.group')),
            ],
            options={
                'ordering': ('starts', 'id'),
            },
        ),
        migrations.CreateModel(
            name='Promise',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=80)),
                ('text_en', models.TextField(blank=True)),
                ('text_es', models.TextField(blank=True)),
                ('owner', models.CharField(max_length=106)),
                ('side', models.CharField(max_length=1)),
                ('state', models.CharField(max_length=14)),
                ('is_live', models.BooleanField()),
                ('one_sided', models.BooleanField()),
                ('due_on', models.DateField()),
                ('first_due', models.DateField()),
                ('missed_before', models.PositiveIntegerField(default=0)),
                ('source', models.CharField(blank=True, help_text='the minutes it comes from', max_length=36)),
                ('made_at', models.DateTimeField()),
                ('group', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='promises', to='groups.group')),
            ],
            options={
                'ordering': ('due_on', 'id'),
            },
        ),
        migrations.CreateModel(
            name='Reader',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('group', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='readers', to='groups.group')),
                ('post', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='directory.post')),
            ],
            options={
                'ordering': ('post_id',),
            },
        ),
        migrations.AddIndex(
            model_name='group',
            index=models.Index(fields=['agency', 'state'], name='group_board'),
        ),
        migrations.AddIndex(
            model_name='group',
            index=models.Index(fields=['changes_at'], name='group_clock'),
        ),
        migrations.AddConstraint(
            model_name='group',
            constraint=models.UniqueConstraint(fields=('agency', 'uuid'), name='group_once_per_agency'),
        ),
        migrations.AddConstraint(
            model_name='groupword',
            constraint=models.UniqueConstraint(fields=('group', 'side', 'turn'), name='group_word_once'),
        ),
        migrations.AddIndex(
            model_name='meeting',
            index=models.Index(fields=['starts'], name='meeting_calendar'),
        ),
        migrations.AddConstraint(
            model_name='meeting',
            constraint=models.UniqueConstraint(fields=('group', 'key'), name='meeting_once'),
        ),
        migrations.AddIndex(
            model_name='promise',
            index=models.Index(condition=models.Q(('is_live', True)), fields=['owner', 'due_on'], name='promise_desk'),
        ),
        migrations.AddConstraint(
            model_name='promise',
            constraint=models.UniqueConstraint(fields=('group', 'key'), name='promise_once'),
        ),
        migrations.AddConstraint(
            model_name='reader',
            constraint=models.UniqueConstraint(fields=('group', 'post'), name='group_reader_once'),
        ),
    ]
