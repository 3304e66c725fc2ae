"""What an officer on duty released alone, and the review that is owed for it (P6.2)."""

from django.db import models

from contraparte.directory.models import Tenure


class OneOfficerRelease(models.Model):
    """One release without the approval it wanted. The decision says the same in codes; here is who, why, and after."""

    message = models.OneToOneField("exchange.Message", models.PROTECT, primary_key=True, related_name="+")
    agency = models.CharField(max_length=64)
    drafted_by = models.ForeignKey(Tenure, models.PROTECT, related_name="+")
    by = models.ForeignKey(Tenure, models.PROTECT, related_name="+")
    reason = models.TextField(help_text="why it could not wait; emptied with the content of the message")
    accord = models.CharField(max_length=64)
    at = models.DateTimeField()
    review_due = models.DateTimeField()
    reviewed_by = models.ForeignKey(Tenure, models.PROTECT, null=True, related_name="+")
    reviewed_at = models.DateTimeField(null=True)
    upheld = models.BooleanField(null=True)
    note = models.TextField(blank=True, help_text="of the review; emptied with the content of the message")

    class Meta:
        ordering = ("review_due", "message_id")
        indexes = [
            models.Index(fields=("agency", "review_due"), name="review_owed", condition=models.Q(reviewed_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.message_id} by {self.by_id}"
