from django.apps import AppConfig


class OutcomesConfig(AppConfig):
    name = "contraparte.outcomes"
    label = "outcomes"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from contraparte.outcomes import registrations

        registrations.register()
