"""Where expected errors become answers: once for pages, once for the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from csp.constants import HEADER
from csp.utils import build_policy
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.middleware.gzip import GZipMiddleware
from django.shortcuts import render
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext
from rest_framework.exceptions import APIException, PermissionDenied
from rest_framework.response import Response
from rest_framework.views import exception_handler

from annotate.errors import BackendError, Conflict, GradusError, NotAllowed, NotEstimable, Rejected
from annotate.models import Person
from webapp.addresses import API

# Nothing here asks a browser for any of this, so that nothing injected can.
PERMISSIONS = ", ".join(
    f"{name}=()"
    for name in (
        *("accelerometer", "camera", "display-capture", "geolocation", "gyroscope", "magnetometer"),
        *("microphone", "midi", "payment", "publickey-credentials-get", "usb", "browsing-topics"),
    )
)


def status_of(error: GradusError) -> int:
    if isinstance(error, NotAllowed):
        return 403 if error.is_visible else 404
    if isinstance(error, Rejected):
        return 400
    if isinstance(error, Conflict):
        return 409
    if isinstance(error, NotEstimable):
        return 422
    if isinstance(error, BackendError):
        return 503 if error.retry else 502
    return 500


def body_of(error: GradusError) -> dict[str, Any]:
    body: dict[str, Any] = {"error": type(error).__name__, "detail": str(error)}
    if isinstance(error, Rejected):
        body |= {"row": error.row, "field": error.field, "reason": error.reason}
    return body


class CompressText(GZipMiddleware):
    """Pages, scripts and styles travel compressed, whoever stands in front of the server; fonts are already.

    A page's secret is its CSRF token, which Django masks anew in every page, so that lengths tell nothing about it.
    """

    KINDS = ("text/", "application/json", "application/javascript", "image/svg")

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if not response.get("Content-Type", "").startswith(self.KINDS):
            return response
        return super().process_response(request, response)


class ContentPolicy:
    """What a browser may do with a page.

    django-csp's header is worked out once: its own middleware does it twice for each answer, 670 calls in a turn.
    No view has a policy of its own by django-csp's decorators, and no page asks for a nonce; whatever would is refused
    rather than let in.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.policy = build_policy()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        # Django's own pages about an error, for whoever develops, hold styles and scripts.
        if not (settings.DEBUG and response.status_code in (404, 500)):
            response.headers.setdefault(HEADER, self.policy)
        return response


class PersonTimeZone:
    """Pages show times by the clock of whoever reads them; the API says them as the server's settings do.

    It asks for the person, which every page does anyway; without a session nobody is looked up.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith(API) or not isinstance(request.user, Person):
            return self.get_response(request)
        with timezone.override(request.user.zone):
            return self.get_response(request)


def language_for(request: HttpRequest) -> str:
    """The person's own choice, else the first language the browser asks for that Gradus speaks."""
    chosen = getattr(request.user, "language", "")
    # A language that was taken away again is as if it had not been chosen.
    if chosen in dict(settings.LANGUAGES):
        return str(chosen)
    return translation.get_language_from_request(request)


class PersonsLanguage:
    """Pages speak the language of whoever reads them.

    The API always speaks English: programs read it, and an error should read the same whoever runs them.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        is_machine_read = request.path_info.startswith(API)
        language = settings.LANGUAGE_CODE if is_machine_read else language_for(request)
        with translation.override(language):
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        if not is_machine_read:
            patch_vary_headers(response, ("Accept-Language", "Cookie"))
        return response


class GradusErrorMiddleware:
    """Turn a GradusError from any view into a page (or, for a script, JSON) with the right status."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, GradusError):
            return None
        if status_of(error) == 404:
            raise Http404 from error
        return answer_to(request, error)


def answer_to(request: HttpRequest, error: GradusError) -> HttpResponse:
    """A page for people, JSON for a script."""
    status = status_of(error)
    if request.accepts("text/html") and not request.path_info.startswith(API):
        return render(request, "error.html", {"status": status, "message": str(error)}, status=status)
    return JsonResponse(body_of(error), status=status)


class NoNul:
    """Refuse an address, or a form whose fields have names, with a NUL in it: PostgreSQL takes none, not even to look.

    No such address is anywhere on a page. The words in forms and bodies are looked at by what reads them, which knows
    what to say about which of them.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        query = request.META.get("QUERY_STRING", "")
        if "\x00" in request.path_info or "%00" in query or "\x00" in query:
            return self.refusal(request, gettext("The address contains a NUL character."))
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        # Behind the check of cross-site requests, which has read a page's form already. The API's bodies stay unread.
        if request.path_info.startswith(API) or not any(
            "\x00" in name for name in (*request.POST, *request.FILES)
        ):
            return None
        return self.refusal(request, gettext("The name of a field contains a NUL character."))

    def refusal(self, request: HttpRequest, reason: str) -> HttpResponse:
        return answer_to(request, Rejected(reason))


def api_error(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler: GradusErrors keep their place and reason; the rest is DRF's own."""
    if isinstance(error, GradusError):
        return Response(body_of(error), status=status_of(error))
    if isinstance(error, APIException | Http404 | PermissionDenied):
        return exception_handler(error, context)
    return None
