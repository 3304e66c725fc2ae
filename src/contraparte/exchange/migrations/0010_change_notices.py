from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("exchange", "0009_succession")]

    operations = [
        migrations.CreateModel(
            name="ChangeNotice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("event", models.CharField(max_length=64)),
                ("event_hash", models.CharField(max_length=64)),
                ("agency", models.CharField(max_length=64)),
                ("peer", models.CharField(max_length=64)),
                ("ours", models.BooleanField()),
                ("message", models.UUIDField()),
                ("rows", models.JSONField(default=dict, help_text="was, became: in pairs; concerned; more")),
                ("since", models.DateTimeField()),
                ("until", models.DateTimeField()),
                ("at", models.DateTimeField()),
            ],
            options={"ordering": ("-at", "-id")},
        ),
        migrations.AddConstraint(
            model_name="changenotice",
            constraint=models.UniqueConstraint(
                fields=("event_hash", "agency", "peer", "ours"), name="change_notice_once"
            ),
        ),
    ]
