import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
application = get_wsgi_application()
# Every view, before the first request: whoever made it would wait for the imports of all of them, after each deploy.
get_resolver().url_patterns  # noqa: B018
