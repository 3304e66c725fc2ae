from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("directory", "0004_lineage")]

    operations = [
        migrations.CreateModel(
            name="LineageStatement",
            fields=[
                ("hash", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("event", models.CharField(max_length=64)),
                ("event_hash", models.CharField(db_index=True, max_length=64)),
                ("kind", models.CharField(max_length=10)),
                ("country", models.CharField(max_length=2)),
                ("document", models.BinaryField()),
                ("signatures", models.JSONField(default=list)),
                ("seen_at", models.DateTimeField()),
            ],
            options={"ordering": ("event", "kind", "hash")},
        ),
    ]
