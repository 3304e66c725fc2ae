"""The words of every refusal that comes from the rooms below the pages."""

from django.utils.translation import gettext_lazy as _

from contraparte.web.registry import Problem

PROBLEMS: dict[str, Problem] = {}
