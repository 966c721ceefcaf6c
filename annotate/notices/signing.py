"""Signatures by which a program knows that a notice comes from here, by the Standard Webhooks specification.

https://www.standardwebhooks.com: HMAC-SHA256 over ``id.timestamp.body`` with a secret of 32 bytes, in three headers.
Receivers have ready libraries for it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

from django.utils.crypto import salted_hmac

from annotate.models import Listener

BEGINNING = "whsec_"


def secret_of(listener: Listener) -> str:
    """The text a receiver is given. It stands in no row, so that no copy of the database gives it away.

    It is made anew with the listener's salt, and with the site's key.
    """
    return BEGINNING + base64.b64encode(_key_of(listener)).decode()


def headers_of(listener: Listener, *, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers; ``timestamp`` is that of the try, in seconds since 1970."""
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(_key_of(listener), message_id, timestamp, body),
    }


def signature(key: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """As the specification writes it, with its version in front."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def _key_of(listener: Listener) -> bytes:
    what = f"{listener.pk}:{listener.salt}"
    return salted_hmac("annotate.notices.secret", what, algorithm="sha256").digest()
