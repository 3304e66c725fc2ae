"""Files of an answer are taken or sent back by who asked: two more kinds of custody."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("exchange", "0006_duty")]

    operations = [
        migrations.AlterField(
            model_name="custodyevent",
            name="kind",
            field=models.CharField(
                choices=[
                    ("added", "Added"),
                    ("removed", "Removed"),
                    ("released", "Released"),
                    ("received", "Received"),
                    ("opened", "Opened"),
                    ("downloaded", "Downloaded"),
                    ("verified", "Verified"),
                    ("sent_back", "Sent Back"),
                    ("erased", "Erased"),
                ],
                max_length=12,
            ),
        ),
    ]
