"""Who may log in, and how long guessing takes."""

import asyncio
import inspect
import stat
from pathlib import Path
from typing import Any

import pytest

from ui.login import Doorkeeper, add_login, read_logins, wait_after
from ui.login_page import OwnLogin, login_page
from vectorstore.errors import InputError

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module", name="logins")
def logins_fixture(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    path = tmp_path_factory.mktemp("logins") / "logins"
    add_login(path, "ann", PASSWORD)
    return read_logins(path)


class Clock:
    """Time that passes only by waiting."""

    def __init__(self) -> None:
        self.now = 10_000.0
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


def test_a_login_is_written_hashed_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "logins"
    add_login(path, "ann", PASSWORD)
    add_login(path, "bob", PASSWORD)
    text = path.read_text()
    assert PASSWORD not in text
    assert list(read_logins(path)) == ["ann", "bob"]
    assert all(hashed.startswith("$argon2id$") for hashed in read_logins(path).values())
    assert len(set(read_logins(path).values())) == 2, "each has its own salt"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("name", "password"), [("a:b", PASSWORD), ("", PASSWORD), (" ann", PASSWORD), ("ann", "short")]
)
def test_what_cannot_be_a_login_says_why(tmp_path: Path, name: str, password: str) -> None:
    with pytest.raises(InputError, match=r"cannot be a login|too short"):
        add_login(tmp_path / "logins", name, password)
    assert not (tmp_path / "logins").exists()


@pytest.mark.parametrize("text", ["", "# nobody\n", "ann:secret\n", "ann\n"])
def test_a_file_without_hashes_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "logins"
    path.write_text(text)
    with pytest.raises(InputError, match="--add-user NAME"):
        read_logins(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_logins(tmp_path / "none")


def test_the_right_password_is_let_in_and_others_are_not(logins: dict[str, str]) -> None:
    clock = Clock()

    async def ask() -> list[bool]:
        door = Doorkeeper(logins, sleep=clock.sleep, clock=clock)
        tries = [("ann", PASSWORD), ("ann", "wrong"), ("bob", PASSWORD), ("", "nobody has this password")]
        return [await door.admits(name, password) for name, password in tries]

    assert asyncio.run(ask()) == [True, False, False, False]


def test_each_wrong_answer_makes_the_next_one_wait_longer(logins: dict[str, str]) -> None:
    assert [wait_after(wrong) for wrong in (0, 2, 3, 4, 5, 8, 9, 50)] == [0, 0, 1, 2, 4, 32, 60, 60]
    clock = Clock()

    async def guess() -> bool:
        door = Doorkeeper(logins, sleep=clock.sleep, clock=clock)
        for number in range(6):
            assert not await door.admits("ann", f"guess {number}")
        assert clock.waits == [1, 2, 4]
        assert await door.admits("ann", PASSWORD), "after the wait the right one is heard"
        assert not await door.admits("ann", "wrong")
        return clock.waits == [1, 2, 4, 8]

    assert asyncio.run(guess())


def test_guessing_in_parallel_gains_nothing(logins: dict[str, str]) -> None:
    clock = Clock()

    async def guess() -> list[bool]:
        door = Doorkeeper(logins, sleep=clock.sleep, clock=clock)
        return await asyncio.gather(*(door.admits("ann", f"guess {number}") for number in range(30)))

    assert asyncio.run(guess()) == [False] * 30
    assert clock.waits == [1, 2], "five were heard, one after the other, and the rest were turned away"


def test_gradio_knows_that_the_answer_is_to_be_awaited(logins: dict[str, str]) -> None:
    """What it takes for a plain function would be a coroutine, and so a yes to everybody."""
    assert inspect.iscoroutinefunction(Doorkeeper(logins).admits)


def answered(path: str, parts: list[bytes]) -> tuple[bytes, dict[bytes, bytes], int]:
    """What OwnLogin makes of an answer in these parts: its body, its headers, and in how many parts it comes."""
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-length", b"%d" % sum(map(len, parts))), (b"x-more", b"1")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for number, part in enumerate(parts, 1):
            await send({"type": "http.response.body", "body": part, "more_body": number < len(parts)})

    async def receive() -> Any:
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(OwnLogin(app)({"type": "http", "method": "GET", "path": path}, receive, send))
    body = b"".join(message["body"] for message in sent[1:])
    return body, dict(sent[0]["headers"]), len(sent) - 1


def test_gradios_login_is_replaced_and_nothing_else() -> None:
    asks = [b'config = {"auth_requ', b'ired": true, "root": ""}']
    body, headers, _ = answered("/", asks)
    assert body.decode() == login_page()
    assert headers == {b"content-length": b"%d" % len(body), b"x-more": b"1"}
    plain = [b"the page", b" itself"]
    assert answered("/", plain) == (b"the page itself", {b"content-length": b"15", b"x-more": b"1"}, 1)
    assert answered("/stream", asks)[2] == 2, "what streams is not held back"


def test_the_login_has_labels_and_tells_a_password_manager_what_is_what() -> None:
    drawn = login_page()
    for name, known_as in (("username", "username"), ("password", "current-password")):
        assert f'<label for="{name}">' in drawn
        assert f'id="{name}" name="{name}" required autocomplete="{known_as}"' in drawn
