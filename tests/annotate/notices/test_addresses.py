from __future__ import annotations

from ipaddress import ip_address

import pytest

from annotate.addresses import is_public, reach_from
from annotate.errors import Rejected
from annotate.notices.addresses import checked_url, shown

NOBODY = reach_from(())


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/hook",
        "https://example.org:8443/hook?key=1",
        "https://8.8.8.8/hook",
        "https://[2606:4700::1111]/",
        "  https://EXAMPLE.org/x ",
    ],
)
def test_public_addresses_over_tls_are_taken(url: str) -> None:
    assert checked_url(url, NOBODY) == url.strip()


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("", "no address"),
        ("example.org/hook", "no address"),
        ("ftp://example.org/", "no address"),
        ("javascript:alert(1)", "no address"),
        ("https://", "no address"),
        ("https://exa mple.org/", "no address"),
        ("https://example.org/\r\nHost: x", "no address"),
        ("https://exämple.org/", "no address"),
        ("https://example.org:99999/", "no address"),
        ("https://[::1/", "no address"),
        ("https://user:pass@example.org/", "no user name"),
        ("https://example.org/#part", "no user name"),
        ("https://example.org/" + "x" * 500, "500 characters"),
        ("http://example.org/", "https://"),
        ("https://127.0.0.1/", "no public address"),
        ("https://10.0.0.7/", "no public address"),
        ("https://169.254.169.254/latest/meta-data/", "no public address"),
        ("https://[::1]/", "no public address"),
        ("https://[::ffff:127.0.0.1]/", "no public address"),
        ("https://[fd00::1]/", "no public address"),
    ],
)
def test_others_are_refused_with_a_reason(url: str, says: str) -> None:
    with pytest.raises(Rejected) as refusal:
        checked_url(url, NOBODY)
    assert says in refusal.value.reason
    assert refusal.value.field == "url"


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("::ffff:8.8.8.8", True),
        ("64:ff9b::808:808", True),
        ("127.0.0.1", False),
        ("0.0.0.0", False),
        ("10.1.2.3", False),
        ("172.31.0.1", False),
        ("192.168.1.1", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("224.0.0.1", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("fe80::1", False),
        ("fec0::1", False),
        ("fd12::1", False),
        ("ff02::1", False),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::a00:1", False),
        ("2002:a00:1::", False),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", False),
    ],
)
def test_what_is_on_the_internet(address: str, public: bool) -> None:
    assert is_public(ip_address(address)) is public


def test_the_operator_names_hosts_and_networks_and_thereby_allows_plain_http() -> None:
    reach = reach_from(["Chat.Internal", "10.20.0.0/16", "::1"])
    for url in (
        "http://chat.internal/x",
        "http://10.20.3.4:8080/",
        "http://[::1]/",
        "https://chat.internal./",
    ):
        assert checked_url(url, reach) == url
    assert reach.may_connect("chat.internal", ip_address("192.168.0.1"))
    assert not reach.may_connect("other.internal", ip_address("192.168.0.1"))
    with pytest.raises(Rejected):
        checked_url("http://10.21.0.1/", reach)
    with pytest.raises(ValueError):
        reach_from(["10.0.0.0/99"])


def test_an_address_is_shown_without_what_may_be_a_key() -> None:
    assert shown("https://hooks.example.org/T01/B02/secret?x=1") == "https://hooks.example.org/…"
    assert shown("https://example.org/?key=1") == "https://example.org/…"
    assert shown("https://example.org/") == "https://example.org/"
