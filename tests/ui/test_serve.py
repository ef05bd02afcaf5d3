"""Where the page may be seen from."""

import socket
from pathlib import Path

import pytest
from homes import failed, home_fixture, log_fixture, made, run, words_fixture

from ui.headers import HEADERS
from ui.login import read_logins
from ui.serve import free_port, is_loopback, serve
from vectorstore.errors import InputError

__all__ = ["home_fixture", "log_fixture", "words_fixture"]


@pytest.mark.parametrize(
    ("host", "own"),
    [
        ("127.0.0.1", True),
        ("localhost", True),
        ("::1", True),
        ("127.9.9.9", True),
        ("0.0.0.0", False),
        ("10.0.0.5", False),
        ("example.org", False),
        ("", False),
    ],
)
def test_only_this_machine_is_loopback(host: str, own: bool) -> None:
    assert is_loopback(host) is own


def test_others_see_nothing_without_a_login(tmp_path: Path) -> None:
    with made(tmp_path / "home") as assistant, pytest.raises(InputError, match="give --auth-file FILE"):
        serve(assistant, host="0.0.0.0")


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=f"port {port} on 127.0.0.1 cannot be had"):
            free_port("127.0.0.1", port)


def test_an_empty_home_says_how_to_begin(words: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert "begin with journeys demo" in failed(run(capsys, "--home", "nowhere", "ui"))


def test_a_host_without_a_login_file_is_refused(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "give --auth-file FILE" in failed(run(capsys, "--home", home, "ui", "--host", "0.0.0.0"))


def test_a_login_is_added_from_a_pipe(
    tmp_path: Path, words: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "typed").write_text("a long password\n")
    with (tmp_path / "typed").open() as typed:
        monkeypatch.setattr("sys.stdin", typed)
        ran = run(capsys, "ui", "--auth-file", tmp_path / "logins", "--add-user", "ann")
    assert ran.code == 0
    assert "a long password" not in ran.out + ran.err
    assert list(read_logins(tmp_path / "logins")) == ["ann"]
    assert "Give --auth-file" in failed(run(capsys, "ui", "--add-user", "ann"))


def test_answers_forbid_other_machines() -> None:
    policy = HEADERS["content-security-policy"]
    assert "http" not in policy
    assert "*" not in policy
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
