from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from webapp.env import Env, EnvError
from webapp.settings import database_from


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (None, lambda env: env.text("GRADUS_X")),
        ("", lambda env: env.text("GRADUS_X")),
        ("perhaps", lambda env: env.flag("GRADUS_X", default=True)),
        ("many", lambda env: env.number("GRADUS_X", 3)),
        ("0", lambda env: env.number("GRADUS_X", 3, least=1)),
        ("prod", lambda env: env.choice("GRADUS_X", "a", ("a", "b"))),
        (None, lambda env: env.secret("GRADUS_X", kept_in=None)),
        ("hub.example", lambda env: env.address("GRADUS_X", "https://a")),
        ("ftp://hub.example", lambda env: env.address("GRADUS_X", "https://a")),
        ("https://me@hub.example", lambda env: env.address("GRADUS_X", "https://a")),
        ("http://[", lambda env: env.address("GRADUS_X", "https://a")),
        ("http://hub.example", lambda env: env.address("GRADUS_X", "https://a")),
    ],
)
def test_error_names_the_variable(value: str | None, read: Callable[[Env], object]) -> None:
    with pytest.raises(EnvError, match="GRADUS_X"):
        read(Env({} if value is None else {"GRADUS_X": value}))


def test_values_are_read_as_written() -> None:
    env = Env({"FLAG": "Yes", "OFF": "0", "N": "12", "WORDS": "a, b ,,c", "NONE": ""})
    assert env.flag("FLAG", default=False)
    assert not env.flag("OFF", default=True)
    assert env.number("N", 3) == 12
    assert env.words("WORDS") == ["a", "b", "c"]
    assert env.words("NONE", default=("x",)) == []
    assert env.words("ABSENT", default=("x",)) == ["x"]
    assert env.number("NONE", 7) == 7
    hub = Env({"SAFE": "https://hub.example/x/", "NEAR": "http://127.0.0.1:8000"})
    assert hub.address("SAFE", "https://a") == "https://hub.example/x"
    assert hub.address("NEAR", "https://a") == "http://127.0.0.1:8000"
    assert hub.address("NONE", "https://a") == "https://a"


def test_secret_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "secret_key"
    first = Env({}).secret("GRADUS_X", kept_in=path)
    assert len(first) >= 60
    assert Env({}).secret("GRADUS_X", kept_in=path) == first
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600


def test_secret_from_a_file_and_from_a_missing_one(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from a file\n")
    assert Env({"GRADUS_X_FILE": str(tmp_path / "key")}).secret("GRADUS_X", kept_in=None) == "from a file"
    with pytest.raises(EnvError, match="GRADUS_X_FILE"):
        Env({"GRADUS_X_FILE": str(tmp_path / "gone")}).secret("GRADUS_X", kept_in=None)


def test_any_text_may_come_from_a_file_and_an_empty_one_is_named(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("postgres://gradus:secret@db/gradus\n")
    (tmp_path / "empty").write_text("\n")
    env = Env({"DATABASE_URL_FILE": str(tmp_path / "url"), "X_FILE": str(tmp_path / "empty")})
    assert env.text("DATABASE_URL", "sqlite://") == "postgres://gradus:secret@db/gradus"
    with pytest.raises(EnvError, match=r"X_FILE points to .* which is empty"):
        env.text("X", "default")
    both = Env({"X": "said", "X_FILE": str(tmp_path / "url")})
    assert both.text("X") == "said"


def test_a_password_set_apart_is_written_into_its_address(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("p@ss/w:rd #1\n")
    apart = {"DATABASE_PASSWORD_FILE": str(tmp_path / "password")}

    def read(url: str) -> str:
        return Env(apart | {"DATABASE_URL": url}).url("DATABASE_URL", "")

    assert (
        read("postgres://gradus@db:5432/gradus") == "postgres://gradus:p%40ss%2Fw%3Ard%20%231@db:5432/gradus"
    )
    assert database_from(read("postgres://gradus@db/x"))["PASSWORD"] == "p@ss/w:rd #1"
    assert read("redis://redis:6379/0") == "redis://:p%40ss%2Fw%3Ard%20%231@redis:6379/0"
    assert read("sqlite:////data/gradus.sqlite3") == "sqlite:////data/gradus.sqlite3"
    with pytest.raises(EnvError, match=r"DATABASE_URL has a password, and DATABASE_PASSWORD is set"):
        read("postgres://gradus:other@db:5432/gradus")
    assert Env({"X_URL": "amqp://a:b@c//"}).url("X_URL", "") == "amqp://a:b@c//"
    assert Env({"X_PASSWORD": "y"}).url("X_URL", "filesystem://") == "filesystem://"
