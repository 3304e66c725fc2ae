from django.apps import AppConfig


class GroupsConfig(AppConfig):
    name = "contraparte.groups"
    label = "groups"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from contraparte.groups import registrations

        registrations.register()
