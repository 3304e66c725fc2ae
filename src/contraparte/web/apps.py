from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "contraparte.web"
    label = "web"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from contraparte.web.problems import PROBLEMS
        from contraparte.web.registry import register_problems

        register_problems(PROBLEMS)
