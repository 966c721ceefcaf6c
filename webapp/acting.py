"""Who stands behind what is noted in the logbook while a request is answered."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from annotate.logbook import Actor, acting
from webapp.addresses import API


class Acting:
    """The person is looked up only where something is written down; DRF puts who a token is from in the same place."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        via = "api" if request.path_info.startswith(API) else "page"
        with acting(Actor(via, lambda: request.user.pk)):
            return self.get_response(request)
