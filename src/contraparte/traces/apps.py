from django.apps import AppConfig


class TracesConfig(AppConfig):
    name = "contraparte.traces"
    label = "traces"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from contraparte.traces import registrations

        registrations.register()
