"""The working group a matter belongs to."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inquiries", "0002_letters_before_they_leave")]

    operations = [
        migrations.AddField(
            model_name="inquiry",
            name="group",
            field=models.CharField(
                blank=True, default="", help_text="the working group it belongs to, as both call it", max_length=120
            ),
            preserve_default=False,
        ),
    ]
