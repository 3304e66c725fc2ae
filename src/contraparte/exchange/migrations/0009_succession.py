import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("directory", "0004_lineage"), ("exchange", "0008_duty_of_disclosure")]

    operations = [
        migrations.AddField(
            model_name="turn",
            name="own",
            field=models.CharField(
                blank=True,
                default="",
                help_text="our agency of that time; empty: the conversation's own",
                max_length=64,
            ),
        ),
        migrations.RemoveConstraint(model_name="turn", name="turn_once"),
        migrations.AddConstraint(
            model_name="turn",
            constraint=models.UniqueConstraint(fields=("conversation", "peer", "direction", "own"), name="turn_once"),
        ),
        migrations.CreateModel(
            name="Moved",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("side", models.CharField(choices=[("own", "Own"), ("other", "Other")], max_length=5)),
                ("was", models.CharField(max_length=106)),
                ("became", models.CharField(max_length=106)),
                ("event", models.CharField(max_length=64)),
                ("event_hash", models.CharField(max_length=64)),
                ("effective", models.DateTimeField()),
                ("at", models.DateTimeField()),
                (
                    "conversation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="moves", to="exchange.conversation"
                    ),
                ),
            ],
            options={"ordering": ("effective", "id")},
        ),
        migrations.CreateModel(
            name="Reconfirmation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("was", models.CharField(max_length=106)),
                ("became", models.CharField(max_length=106)),
                (
                    "state",
                    models.CharField(
                        choices=[("waiting", "Waiting"), ("confirmed", "Confirmed"), ("withdrawn", "Withdrawn")],
                        default="waiting",
                        max_length=9,
                    ),
                ),
                ("at", models.DateTimeField()),
                ("decided_at", models.DateTimeField(null=True)),
                (
                    "decided_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="directory.tenure",
                    ),
                ),
                (
                    "permission",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reconfirmations",
                        to="exchange.permission",
                    ),
                ),
            ],
            options={"ordering": ("id",)},
        ),
        migrations.AddConstraint(
            model_name="moved",
            constraint=models.UniqueConstraint(
                fields=("conversation", "side", "event"), name="moved_once_by_each_event"
            ),
        ),
        migrations.AddConstraint(
            model_name="reconfirmation",
            constraint=models.UniqueConstraint(fields=("permission", "was", "became"), name="reconfirmation_once"),
        ),
    ]
