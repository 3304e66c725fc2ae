"""The WSGI application of a node: `gunicorn contraparte.node.wsgi`."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "contraparte.node.settings")

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
