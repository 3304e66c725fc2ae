from django.apps import AppConfig


class InquiriesConfig(AppConfig):
    name = "contraparte.inquiries"
    label = "inquiries"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from contraparte.inquiries import registrations

        registrations.register()
