from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "contraparte.web"
    label = "web"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from contraparte.directory.console import register_words
        from contraparte.directory.rules.roles import Role
        from contraparte.exchange.registry import register_periodic
        from contraparte.web import mailing
        from contraparte.web.permissions import register_permissions
        from contraparte.web.problems import PROBLEMS
        from contraparte.web.registry import NoticeSource, register_notices, register_problems
        from contraparte.web.wording import told_of

        register_problems(PROBLEMS)
        register_words(told_of)
        register_permissions({"mail.watch": {Role.ADMINISTRATOR}}, content_free=True)
        register_notices(NoticeSource("mail.watch", mailing.notices))
        register_periodic("mail", mailing.EVERY_S, mailing.send_waiting)
