"""Images at addresses, from real servers: what is asked, what never is, and what becomes of each answer."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from annotate.errors import Rejected
from annotate.ingest import image_hosts
from annotate.ingest.image_drafts import MOST_BYTES
from annotate.ingest.image_hosts import image_hosts_from
from tests.pictures import a_png
from tests.workers.outside import PictureServer, a_certificate, a_picture_server, leading_to, stand_for
from tests.workers.serving import sent
from workers import pictures
from workers.pictures import MOST_FAILURES, Pictures, image_fetcher

PNG = a_png()
NAME = "pictures.example.org"


@pytest.fixture
def server() -> Iterator[PictureServer]:
    with a_picture_server() as server:
        server.shows["/a.png"] = sent(PNG)
        yield server


def asking(*hosts: str) -> Pictures:
    return Pictures(image_hosts_from(hosts or ("127.0.0.0/8",)))


def refusal(address: str, *hosts: str) -> str:
    with pytest.raises(Rejected) as refused:
        asking(*hosts).fetch(address)
    assert refused.value.field is None
    assert refused.value.reason.startswith("could not be fetched: ")
    return refused.value.reason.removeprefix("could not be fetched: ")


def test_without_a_list_there_is_nobody_to_ask(settings: Any) -> None:
    assert settings.IMAGE_HOSTS == []
    assert image_fetcher() is None
    settings.IMAGE_HOSTS = [NAME]
    fetcher = image_fetcher()
    assert fetcher is not None
    assert fetcher.is_listed(f"https://{NAME}/a.png")
    assert not fetcher.is_listed("https://example.org/a.png")


def test_what_is_asked_says_who_asks_and_nothing_else(server: PictureServer) -> None:
    heard: list[dict[str, str]] = []

    def show(handler: BaseHTTPRequestHandler) -> None:
        heard.append({name.lower(): value for name, value in handler.headers.items()})
        sent(PNG)(handler)

    server.shows["/a.png?w=1"] = show
    assert asking().fetch(server.at("/a.png?w=1#top")) == PNG
    [headers] = heard
    assert headers["host"] == f"127.0.0.1:{server.port}"
    assert headers["user-agent"].startswith("Gradus/")
    assert headers["accept"] == "image/png, image/jpeg, image/webp, image/gif"
    assert not {"cookie", "authorization", "referer", "origin"} & set(headers)


def test_a_loop_that_runs_already_as_in_a_notebook_is_no_trouble(server: PictureServer) -> None:
    server.shows["/a.png"] = sent(PNG)

    async def notebook() -> bytes:
        return asking().fetch(server.at("/a.png"))

    with ThreadPoolExecutor(1) as beside:
        assert beside.submit(asyncio.run, notebook()).result() == PNG


def test_the_name_is_looked_up_once_and_its_certificate_is_held_against_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # Nobody asks a proxy, which would do the looking up.
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for certified in (NAME, "other.example.org"):
        folder = tmp_path / certified
        folder.mkdir()
        with a_picture_server(a_certificate(folder, certified)) as server:
            server.shows["/a.png"] = sent(PNG)
            monkeypatch.setenv("SSL_CERT_FILE", str(folder / "cert.pem"))
            asked = stand_for(monkeypatch, NAME, "127.0.0.1")
            address = server.at("/a.png", NAME, "https")
            if certified == NAME:
                assert asking(NAME, "127.0.0.1").fetch(address) == PNG
                assert server.asked == [("/a.png", f"{NAME}:{server.port}")]
            else:
                assert "there is no connection to" in refusal(address, NAME, "127.0.0.1")
                assert server.asked == []
            assert asked == [NAME]


def test_a_name_on_the_list_opens_no_inner_network(
    monkeypatch: pytest.MonkeyPatch, server: PictureServer
) -> None:
    address = server.at("/a.png", NAME, "https")
    inner = ("127.0.0.1", "10.1.2.3", "192.168.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0")
    for found in (*((one,) for one in inner), ("8.8.8.8", "127.0.0.1")):
        stand_for(monkeypatch, NAME, *found)
        told = refusal(address, NAME)
        assert told == f"{NAME} is no public address, and the operator has not named it"
    # Another network that is named does not help either.
    stand_for(monkeypatch, NAME, "127.0.0.1")
    assert "no public address" in refusal(address, NAME, "10.0.0.0/8")
    assert server.asked == []


def test_plain_http_goes_into_named_networks_and_to_names_that_are_listed_so(
    monkeypatch: pytest.MonkeyPatch, server: PictureServer
) -> None:
    stand_for(monkeypatch, NAME, "127.0.0.1")
    assert asking(NAME, "127.0.0.0/8").fetch(server.at("/a.png", NAME)) == PNG
    stand_for(monkeypatch, NAME, "8.8.8.8")
    assert refusal(server.at("/a.png", NAME), NAME) == f"{NAME} is asked by https:// only"
    # As if this machine were on the internet.
    stand_for(monkeypatch, NAME, "127.0.0.1")
    monkeypatch.setattr(image_hosts, "is_public", lambda address: True)
    assert refusal(server.at("/a.png", NAME), NAME) == f"{NAME} is asked by https:// only"
    assert asking(f"http://{NAME}").fetch(server.at("/a.png", NAME)) == PNG


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_followed_to_a_host_on_the_list(server: PictureServer, status: int) -> None:
    server.shows |= {
        "/old.png": leading_to("/new/b.png", status),
        "/new/b.png": leading_to("../a.png", status),
    }
    assert asking().fetch(server.at("/old.png")) == PNG
    assert server.paths == ["/old.png", "/new/b.png", "/a.png"]


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("http://127.0.0.2:{port}/a.png", "127.0.0.2 is not on the list of hosts"),
        ("https://example.org/a.png", "example.org is not on the list of hosts"),
        ("http://169.254.169.254/latest/meta-data/", "169.254.169.254 is not on the list of hosts"),
        ("http://[::1]:{port}/a.png", "::1 is not on the list of hosts"),
        ("http://localhost:{port}/a.png", "localhost is not on the list of hosts"),
        ("//evil.org/a.png", "evil.org is not on the list of hosts"),
        ("http://user:secret@127.0.0.1:{port}/a.png", "its address holds a user name or password"),
        ("file:///etc/passwd", "its address is none"),
        ("gopher://127.0.0.1:6379/_FLUSHALL", "its address is none"),
        ("http://[::1", "that is no address"),
    ],
)
def test_a_redirect_elsewhere_is_not(server: PictureServer, place: str, told: str) -> None:
    server.shows["/old.png"] = leading_to(place.format(port=server.port))
    said = refusal(server.at("/old.png"), "127.0.0.1")
    assert said.startswith("it leads on to another address, and ")
    assert told in said
    assert server.paths == ["/old.png"]


def test_a_redirect_to_a_name_is_judged_by_what_it_stands_for(
    monkeypatch: pytest.MonkeyPatch, server: PictureServer
) -> None:
    server.shows["/old.png"] = leading_to(server.at("/a.png", NAME))
    stand_for(monkeypatch, NAME, "127.0.0.2")
    assert "no public address" in refusal(server.at("/old.png"), "127.0.0.1", NAME)
    # From https into plain http, to a public address: as if the row had named it.
    stand_for(monkeypatch, NAME, "8.8.8.8")
    assert "is asked by https:// only" in refusal(server.at("/old.png"), "127.0.0.1", NAME)
    assert server.paths == ["/old.png"] * 2


def test_redirects_end(server: PictureServer) -> None:
    server.shows |= {"/loop.png": leading_to("/loop.png")}
    assert "leads on to another address more than 3 times" in refusal(server.at("/loop.png"))
    assert len(server.asked) == 4
    server.shows |= {f"/{n}": leading_to(f"/{n + 1}") for n in range(3)} | {"/3": sent(PNG)}
    assert asking().fetch(server.at("/0")) == PNG
    server.shows["/nowhere"] = sent(PNG, 302)
    assert refusal(server.at("/nowhere")) == "127.0.0.1 answers 302"


def test_what_is_too_large_is_cut_off(server: PictureServer) -> None:
    poured = 0

    def pour(handler: BaseHTTPRequestHandler, length: str = "") -> None:
        nonlocal poured
        handler.send_response(200)
        if length:
            handler.send_header("Content-Length", length)
        handler.end_headers()
        for _ in range(1000):
            handler.wfile.write(b"x" * 1_000_000)
            poured += 1_000_000

    server.shows |= {
        "/says.png": sent(PNG, Content_Length=str(MOST_BYTES + 1)),
        "/endless.png": pour,
        "/lies.png": lambda handler: pour(handler, str(len(PNG))),
        "/short.png": lambda handler: sent(PNG[:-20], Content_Length=str(len(PNG)))(handler),
        "/largest.png": sent(bytes(MOST_BYTES)),
        "/one-more.png": sent(bytes(MOST_BYTES + 1), Content_Length=""),
    }
    for path in ("/says.png", "/endless.png", "/one-more.png"):
        assert refusal(server.at(path)) == "it is larger than 8 MiB"
    assert poured < 100_000_000
    # Of more than was said no more is read than was said.
    assert asking().fetch(server.at("/lies.png")) == b"x" * len(PNG)
    assert "broke off" in refusal(server.at("/short.png"))
    assert len(asking().fetch(server.at("/largest.png"))) == MOST_BYTES


def test_who_is_silent_or_dribbles_is_cut_off_and_left_alone_after_some_tries(
    server: PictureServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "LONGEST", 0.4)
    over = threading.Event()

    def dribble(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(PNG)))
        handler.end_headers()
        for byte in PNG:
            handler.wfile.write(bytes([byte]))
            if over.wait(0.1):
                return

    def never_done(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while not over.wait(0.05):
            handler.wfile.write(b"X: y\r\n")

    server.shows |= {
        "/silent": lambda _: bool(over.wait(60)) and None,
        "/dribble": dribble,
        "/head": never_done,
    }  # type: ignore[dict-item]
    fetcher, begun = asking(), time.monotonic()
    for path in ("/silent", "/dribble", "/head"):
        with pytest.raises(Rejected, match="did not send the whole of it within"):
            fetcher.fetch(server.at(path))
    assert MOST_FAILURES == 3
    with pytest.raises(Rejected, match="has failed 3 times in a row and is not asked again"):
        fetcher.fetch(server.at("/a.png"))
    assert time.monotonic() - begun < 10
    assert server.paths == ["/silent", "/dribble", "/head"]
    # Another file asks again.
    assert asking().fetch(server.at("/a.png")) == PNG
    over.set()


def test_a_name_server_that_says_nothing_outlasts_no_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()

    def silent(*given: Any, **more: Any) -> Any:
        over.wait(60)
        raise OSError("it said nothing")

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    monkeypatch.setattr(pictures, "LONGEST", 0.3)
    begun = time.monotonic()
    assert "did not send the whole of it within 0.3 seconds" in refusal(f"https://{NAME}/a.png", NAME)
    assert time.monotonic() - begun < 10
    over.set()


def test_a_host_that_is_busy_is_left_alone_and_one_that_lacks_a_picture_is_not(server: PictureServer) -> None:
    server.shows["/busy"] = sent(b"", 429)
    server.shows["/broken"] = sent(b"", 503)
    fetcher = asking()
    for path, status in [("/busy", 429), ("/broken", 503), ("/a.png", 0), ("/broken", 503), ("/busy", 429)]:
        if not status:
            assert fetcher.fetch(server.at(path)) == PNG
            continue
        with pytest.raises(Rejected, match=f"127.0.0.1 answers {status}"):
            fetcher.fetch(server.at(path))
    fetcher = asking()
    for number in range(5):
        with pytest.raises(Rejected, match="answers 404"):
            fetcher.fetch(server.at(f"/gone-{number}.png"))
    assert fetcher.fetch(server.at("/a.png")) == PNG


def test_a_host_that_is_not_there_is_said_to_be_so_and_nothing_of_this_network(server: PictureServer) -> None:
    port = server.port
    told = refusal("https://pictures.invalid/a.png", "pictures.invalid")
    assert told == "no address is known for pictures.invalid"
    server.server.socket.close()
    told = refusal(f"http://127.0.0.1:{port}/a.png")
    assert told == "there is no connection to 127.0.0.1, or it broke off"
