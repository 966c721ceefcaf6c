"""Which addresses a webhook may have; :mod:`annotate.addresses` says why not every one, and judges it once more."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from django.utils.translation import gettext

from annotate.addresses import Reach, address_in, host_of, whole_parts
from annotate.errors import Rejected

LONGEST = 500


def checked_url(url: str, reach: Reach) -> str:
    """The address, stripped; Rejected where nothing may ever be sent to it. No name is looked up."""
    url = url.strip()
    parts = parts_of(url)
    host = host_of(parts)
    if parts.scheme == "http" and not reach.is_named(host):
        raise _rejected(gettext("must begin with https://; the operator allows no other to %(host)s."), host)
    literal = address_in(host)
    if literal is not None and not reach.may_connect(host, literal):
        raise _rejected(gettext("%(host)s is no public address, and the operator has not named it."), host)
    return url


def parts_of(url: str) -> SplitResult:
    """Rejected for what is no address of a webhook at all."""
    parts = whole_parts(url)
    if parts is None:
        raise Rejected(gettext("is no address such as https://example.org/hook."), field="url")
    if len(url) > LONGEST:
        raise Rejected(gettext("is longer than 500 characters."), field="url")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise Rejected(gettext("may hold no user name, password or fragment."), field="url")
    return parts


def shown(url: str) -> str:
    """What may be seen of an address later: where it leads, and not what may be a key in its path."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/…" if len(parts.path) > 1 or parts.query else url


def _rejected(reason: str, host: str) -> Rejected:
    return Rejected(reason % {"host": host}, field="url")
