from __future__ import annotations

from typing import Any

from rest_framework.test import APIClient

from tests.factories import a_person


def content_of_file(response: Any) -> bytes:
    content = b"".join(response.streaming_content)
    # Not response.close(): that ends the request, and with it the test's database connection.
    for close in response._resource_closers:
        close()
    return content


def signed_in(name: str) -> APIClient:
    client = APIClient()
    client.force_login(a_person(name))
    return client
