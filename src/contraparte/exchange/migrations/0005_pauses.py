"""Clocks that stand still while the other side owes a clarification (P8.1)."""

import datetime

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("exchange", "0004_permissions_and_recall")]

    operations = [
        migrations.AddField(
            model_name="obligation",
            name="extended",
            field=models.DurationField(
                default=datetime.timedelta,
                help_text="by how much pauses move `due_at`; of a running one, the most",
            ),
        ),
        migrations.AddField(
            model_name="obligation",
            name="paused_until",
            field=models.DateTimeField(null=True, help_text="the clock stands still, until then at the latest"),
        ),
    ]
