"""Which addresses of images are asked, and which never."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from annotate.errors import Rejected
from annotate.ingest.image_hosts import image_hosts_from

LISTED = image_hosts_from(
    ["Pictures.example.org", "http://old.example.org", "10.20.0.0/16", "192.0.2.7", "::1"]
)


@pytest.mark.parametrize(
    ("address", "is_listed"),
    [
        ("https://pictures.example.org/a.png", True),
        ("HTTPS://PICTURES.example.org./a.png", True),
        ("https://pictures.example.org:8443/a.png", True),
        ("http://10.20.3.4/a.png", True),
        ("https://[::1]/a.png", True),
        ("https://example.org/a.png", False),
        ("https://more.pictures.example.org/a.png", False),
        ("https://pictures.example.org.evil.org/a.png", False),
        ("https://pictures.example.org@evil.org/a.png", False),
        ("https://evil.org/pictures.example.org", False),
        ("https://10.21.0.1/a.png", False),
        ("https://169.254.169.254/latest/", False),
        # The same as 10.20.3.4 and ::1, written otherwise.
        ("https://169083652/a.png", False),
        ("https://[::ffff:10.20.3.4]/a.png", False),
        ("ftp://pictures.example.org/a.png", False),
        ("s3://pictures.example.org/a.png", False),
        ("shots/1.png", False),
        ("https://[::1/", False),
        ("", False),
    ],
)
def test_a_host_is_on_the_list_or_is_not(address: str, is_listed: bool) -> None:
    assert LISTED.is_listed(address) is is_listed


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("https://user:secret@pictures.example.org/a.png", "user name or password"),
        ("https://pictures.example.org/a.png\r\nX: y", "characters that no address has"),
        ("https://pictures.example.org/\u202egnp.a", "characters that no address has"),
        ("https://pictures.example.org:99999/a.png", "is none"),
        ("https://pictures.example.org:0/a.png", "is none"),
        ("https://evil.org\\@pictures.example.org/a.png", "is none"),
        ("file:///etc/passwd", "is none"),
        ("https://example.org/a.png", "example.org is not on the list"),
    ],
)
def test_an_address_on_the_list_may_still_be_none_to_ask(address: str, told: str) -> None:
    with pytest.raises(Rejected, match=told):
        LISTED.parts_of(address)


def test_letters_and_blanks_are_escaped_and_the_place_in_a_page_is_left_out() -> None:
    parts = LISTED.parts_of("https://pictures.example.org/Zürich a%20b.png?w=1&t=%C3%BC#top")
    assert parts.geturl() == "https://pictures.example.org/Z%C3%BCrich%20a%20b.png?w=1&t=%C3%BC"


def test_a_name_on_the_list_opens_no_inner_network_and_no_plain_http() -> None:
    public, inner, other = (ip_address(one) for one in ("8.8.8.8", "10.20.0.5", "10.30.0.5"))
    for host in ("pictures.example.org", "old.example.org"):
        assert LISTED.may_connect(host, public)
        assert LISTED.may_connect(host, inner)
        assert not LISTED.may_connect(host, other)
        assert not LISTED.may_connect(host, ip_address("127.0.0.1"))
    assert LISTED.needs_tls("pictures.example.org", public)
    assert not LISTED.needs_tls("pictures.example.org", inner)
    assert not LISTED.needs_tls("old.example.org", public)


@pytest.mark.parametrize(
    "word",
    [
        *("*.example.org", "https://example.org", "http://10.0.0.1", "example.org/a", "10.0.0.0/99"),
        *("example.org:8080", "bücher.example", "http://", "http://example.org/", "user@example.org"),
    ],
)
def test_a_list_with_something_else_on_it_is_none(word: str) -> None:
    with pytest.raises(ValueError):
        image_hosts_from([word])
