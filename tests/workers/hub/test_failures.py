from __future__ import annotations

import httpx2
import pytest

from workers.hub.failures import HubFailure, failure_of


def an_error(status: int, headers: dict[str, str] | None = None, body: object = None) -> Exception:
    request = httpx2.Request("PUT", "https://store.example/a/b?X-Amz-Signature=secret")
    response = httpx2.Response(status, headers=headers, json=body or {}, request=request)
    return httpx2.HTTPStatusError("refused", request=request, response=response)


PASSING, LASTING = (409, 412, 429, 500, 503), (400, 401, 403, 404, 501)


@pytest.mark.parametrize("status", [*PASSING, *LASTING])
def test_what_passes_is_tried_again(status: int) -> None:
    failure = failure_of(an_error(status))
    assert failure is not None
    assert failure.is_passing is (status in PASSING)
    assert f"({status} to PUT /a/b)" in failure.reason


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"Retry-After": "12"}, 12.0),
        ({"RateLimit": '"api";r=0;t=55'}, 55.0),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        ({}, None),
    ],
)
def test_the_hub_says_how_long_to_wait(headers: dict[str, str], wait: float | None) -> None:
    failure = failure_of(an_error(429, headers))
    assert failure is not None
    assert failure.wait == wait


def test_no_secret_is_in_the_sentence() -> None:
    said = {"error": "hf_secret may not PUT https://store.example/a?X-Amz-Signature=secret now\nsecond line"}
    failure = failure_of(an_error(403, body=said), token="hf_secret")
    assert failure is not None
    assert failure.reason.endswith("It says: … may not PUT https://store.example/a?… now")


def test_the_cause_is_found_below_what_the_client_wraps_it_in() -> None:
    try:
        try:
            raise an_error(503)
        except httpx2.HTTPStatusError as error:
            raise RuntimeError("Error while uploading") from error
    except RuntimeError as error:
        failure = failure_of(error)
    assert failure is not None
    assert "The Hub is not well. (503" in failure.reason
    silent = failure_of(httpx2.ConnectError("[Errno 111] Connection refused"))
    assert silent is not None
    assert (silent.reason, silent.is_passing) == (
        "The Hub cannot be reached: [Errno 111] Connection refused",
        True,
    )
    own = HubFailure("Own words.")
    assert failure_of(own) is own
    assert failure_of(ValueError("a bug")) is None
