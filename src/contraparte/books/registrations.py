"""What this room tells the rooms below it: permissions, its entry in the navigation, the words of its refusals."""

from django.utils.translation import gettext_lazy as _

from contraparte.books.problems import PROBLEMS
from contraparte.directory.rules.roles import Role
from contraparte.web import permissions
from contraparte.web.registry import NavItem, register_nav, register_problems

PERMISSIONS = {
    "books.view": {Role.CUSTODIAN},
    "books.search": {Role.CUSTODIAN},
    "books.import": {Role.CUSTODIAN},
}


def register() -> None:
    """Called once, when the application is ready."""
    permissions.register_permissions(PERMISSIONS)
    register_nav(NavItem(_("Books"), "books:books", "books.view", 45, icon="local_library"))
    register_problems(PROBLEMS)
