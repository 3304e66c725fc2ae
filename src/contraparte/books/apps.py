from django.apps import AppConfig


class BooksConfig(AppConfig):
    name = "contraparte.books"
    label = "books"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from contraparte.books import registrations

        registrations.register()
