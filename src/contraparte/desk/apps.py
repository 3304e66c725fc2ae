from django.apps import AppConfig


class DeskConfig(AppConfig):
    name = "contraparte.desk"
    label = "desk"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from contraparte.desk import registrations

        registrations.register()
