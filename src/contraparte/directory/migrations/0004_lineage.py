from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("directory", "0003_departures")]

    operations = [
        migrations.CreateModel(
            name="LineageEvent",
            fields=[
                ("hash", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("event", models.CharField(max_length=64)),
                ("version", models.PositiveIntegerField()),
                ("country", models.CharField(max_length=2)),
                ("kind", models.CharField(max_length=16)),
                ("effective", models.DateTimeField()),
                ("document", models.BinaryField()),
                ("signatures", models.JSONField(default=list)),
                (
                    "is_complete",
                    models.BooleanField(
                        default=False, help_text="its country and all reviewers have signed: it counts"
                    ),
                ),
                ("seen_at", models.DateTimeField()),
            ],
            options={"ordering": ("effective", "event", "version", "hash")},
        ),
    ]
