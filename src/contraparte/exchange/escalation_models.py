"""Urgent steps that nobody of the post opened in time, and which post stands in for it."""

from django.db import models

from contraparte.directory.models import Post


class Escalation(models.Model):
    """One step shown to a substitute: while it is owed, persons of that post may act in its thread."""

    obligation = models.OneToOneField("exchange.Obligation", models.PROTECT, primary_key=True, related_name="+")
    conversation = models.ForeignKey("exchange.Conversation", models.PROTECT, related_name="+")
    substitute = models.ForeignKey(Post, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ("at", "obligation_id")
        indexes = [models.Index(fields=("substitute", "conversation"), name="escalation_to")]

    def __str__(self) -> str:
        return f"{self.obligation_id} to {self.substitute_id}"
