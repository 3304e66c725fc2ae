"""What is late in many groups is found by group and day."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("groups", "0003_calendar_feed")]

    operations = [
        migrations.AddIndex(
            model_name="promise",
            index=models.Index(
                condition=models.Q(("is_live", True)), fields=["group", "due_on"], name="promise_board"
            ),
        ),
    ]
