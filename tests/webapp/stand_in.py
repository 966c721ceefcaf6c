"""A small OpenID Connect issuer that listens on a port: discovery, keys, authorize, token and userinfo.

It holds its client to the standard (state, PKCE by S256, one use of a code, the same place to come back to), and says
on demand what no issuer should.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT, SECRET = "gradus", "the client's secret"


def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class StandIn:
    """``person``: the claims about whoever is signed in there; None: they say no to signing in here."""

    url: str = ""
    person: dict[str, Any] | None = field(default_factory=dict)
    # What it puts into the token against the rules, and how it signs.
    claims: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] = field(default_factory=dict)
    signs: str = "well"
    is_away: bool = False
    key: rsa.RSAPrivateKey = field(default_factory=_key)
    other: rsa.RSAPrivateKey = field(default_factory=_key)
    asked: list[dict[str, str]] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)

    def knows(self, **person: Any) -> None:
        """Whoever comes is this person, and everything is as it should be."""
        self.person = {"sub": "b-1", "email": "bob@example.org", "email_verified": True} | person
        self.claims, self.userinfo, self.signs, self.is_away = {}, {}, "well", False
        self.asked.clear()
        self.codes.clear()

    def discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "jwks_uri": f"{self.url}/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
        }

    def keys(self) -> dict[str, Any]:
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
        return {"keys": [public | {"kid": "one", "use": "sig", "alg": "RS256"}]}

    def authorize(self, asked: dict[str, str]) -> str:
        """Where the browser goes from here."""
        self.asked.append(asked)
        assert (asked["client_id"], asked["response_type"]) == (CLIENT, "code")
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        assert len(asked["state"]) >= 16
        answer = {"state": asked["state"]}
        if self.person is None:
            answer["error"] = "access_denied"
        else:
            answer["code"] = secrets.token_urlsafe()
            self.codes[answer["code"]] = asked
        return f"{asked['redirect_uri']}?{urlencode(answer)}"

    def token(self, given: dict[str, str]) -> dict[str, Any]:
        asked = self.codes.pop(given["code"])
        challenge = base64.urlsafe_b64encode(hashlib.sha256(given["code_verifier"].encode()).digest())
        assert challenge.decode().rstrip("=") == asked["code_challenge"]
        assert given["redirect_uri"] == asked["redirect_uri"]
        assert (given["client_id"], given["client_secret"]) == (CLIENT, SECRET)
        access = secrets.token_urlsafe()
        self.tokens.add(access)
        assert self.person is not None
        claims = {"iss": self.url, "aud": CLIENT, "sub": self.person["sub"], "nonce": asked["nonce"]}
        claims |= {"iat": int(time.time()), "exp": int(time.time()) + 300} | self.claims
        return {
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": 300,
            "id_token": self.signed(claims),
        }

    def signed(self, claims: dict[str, Any]) -> str:
        header = {"kid": "unknown" if self.signs == "by a key nobody knows" else "one"}
        if self.signs == "not at all":
            return jwt.encode(claims, None, algorithm="none", headers=header)
        if self.signs == "by a word that everybody knows":
            return jwt.encode(claims, "x" * 32, algorithm="HS256", headers=header)
        key = self.key if self.signs == "well" else self.other
        return jwt.encode(claims, key, algorithm="RS256", headers=header)


class _Handler(BaseHTTPRequestHandler):
    stand_in: StandIn

    def log_message(self, *args: Any) -> None:
        return None

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        said = {name: values[0] for name, values in parse_qs(parts.query).items()}
        issuer = self.stand_in
        if issuer.is_away:
            self._answer({"error": "away"}, status=503)
        elif parts.path == "/.well-known/openid-configuration":
            self._answer(issuer.discovery())
        elif parts.path == "/keys":
            self._answer(issuer.keys())
        elif parts.path == "/userinfo":
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            assert token in issuer.tokens
            self._answer({**(issuer.person or {}), **issuer.userinfo})
        else:
            assert parts.path == "/authorize"
            self.send_response(302)
            self.send_header("Location", issuer.authorize(said))
            self.end_headers()

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"])).decode()
        given = {name: values[0] for name, values in parse_qs(content).items()}
        try:
            self._answer(self.stand_in.token(given))
        except (AssertionError, KeyError) as error:
            self._answer({"error": "invalid_grant", "error_description": repr(error)}, status=400)

    def _answer(self, body: dict[str, Any], *, status: int = 200) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def an_issuer() -> Iterator[StandIn]:
    issuer = StandIn()
    handler = type("Handler", (_Handler,), {"stand_in": issuer})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        issuer.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield issuer
        server.shutdown()
        thread.join()
