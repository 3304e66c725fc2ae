"""The exchange joins the ledger to the directory: keys, addresses, and who may ask."""

from django.apps import AppConfig


class ExchangeConfig(AppConfig):
    """Conversations, gate, road."""

    name = "contraparte.exchange"
    label = "exchange"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from contraparte.exchange import joining

        joining.install()
