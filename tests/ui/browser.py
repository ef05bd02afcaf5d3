"""A real browser on a page that is served by the real command, for tests and for pictures."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from homes import model_file_fixture, sample_home_fixture, shared_fixture
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from assistant.assistant import JourneyAssistant
from assistant.demo import write_users
from assistant.settings import Settings

__all__ = [
    "address_fixture",
    "browser_fixture",
    "model_file_fixture",
    "sample_home_fixture",
    "shared_fixture",
    "visit_fixture",
]

ROOT = Path(__file__).parents[2]
CHROMIUM = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
_START = "from assistant.cli import main; main()"
_PATIENCE = 90.0

Theme = Literal["light", "dark"]


@dataclass
class Visit:
    """One visitor in a browser of his own. wrong: what went wrong in it: errors, and requests to other machines."""

    page: Page
    address: str
    wrong: list[str] = field(default_factory=list)

    def open(self, query: str = "") -> None:
        self.page.goto(self.address + query)
        self.settle()

    def settle(self) -> None:
        """Waits until the open tab is drawn, and nothing more is asked for."""
        self.page.wait_for_function(
            "() => document.querySelector('#panel-' + document.body.dataset.tab + ' .body') "
            "&& !document.body.dataset.busy && !document.querySelector('[data-again]')",
            timeout=30_000,
        )

    def text(self) -> str:
        """What is shown."""
        return str(self.page.inner_text("body"))


def chromium() -> str | None:
    """Where the browser is, None without one."""
    return next((path for path in (shutil.which("chromium"), *CHROMIUM) if path and Path(path).exists()), None)


def prepare(source: Path, home: Path) -> Path:
    """A copy of a home with the sample users, with a catalogue and a table of users, that may be written to."""
    shutil.copytree(source, home)
    with JourneyAssistant(Settings(home=home)) as assistant:
        assistant.expand()
    write_users(home / "users.csv")
    return home


@contextmanager
def served(home: Path, *options: str) -> Iterator[str]:
    """`journeys ui` in a process of its own; gives its address."""
    command = [sys.executable, "-c", _START, "--home", str(home), "ui", "--port", "0", *options]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    log = home.parent / f"{home.name}-page.log"
    with (
        log.open("w") as errors,
        subprocess.Popen(
            command, cwd=home.parent, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True
        ) as process,
    ):
        try:
            yield _address(process, log)
        finally:
            process.terminate()
            process.wait(timeout=20)


def _address(process: "subprocess.Popen[str]", log: Path) -> str:
    assert process.stdout is not None
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until and (line := process.stdout.readline()):
        if "http://" in line:
            return "http://" + line.partition("http://")[2].split()[0]
    raise AssertionError(f"the page did not open: {log.read_text()[-2000:]}")


@contextmanager
def launched() -> Iterator[Browser]:
    path = chromium()
    assert path is not None
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


def visitor(
    browser: Browser, address: str, *, width: int = 1280, theme: Theme = "light"
) -> tuple[BrowserContext, Visit]:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme, reduced_motion="reduce")
    context.set_default_timeout(20_000)
    visit = Visit(context.new_page(), address)
    page = visit.page
    page.on("console", lambda said: visit.wrong.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: visit.wrong.append(str(error)))
    page.on(
        "request",
        lambda asked: (
            None
            if asked.url.startswith((address, "data:", "blob:"))
            else visit.wrong.append(f"asked elsewhere: {asked.url}")
        ),
    )
    page.on("response", lambda got: visit.wrong.append(f"{got.status} {got.url}") if got.status >= 400 else None)
    return context, visit


@pytest.fixture(scope="module", name="browser")
def browser_fixture() -> Iterator[Browser]:
    """Skips where there is no browser, but fails where the checks run."""
    if chromium() is None:
        if "CI" in os.environ:
            pytest.fail("there is no browser: apt-get install chromium")
        pytest.skip("there is no browser: apt-get install chromium")
    with launched() as browser:
        yield browser


@pytest.fixture(scope="module", name="address")
def address_fixture(sample_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page of the sample users."""
    with served(prepare(sample_home, tmp_path_factory.mktemp("page") / "home")) as address:
        yield address


@pytest.fixture(name="visit")
def visit_fixture(browser: Browser, address: str) -> Iterator[Visit]:
    """A visitor; at the end nothing may have gone wrong in his browser."""
    context, visit = visitor(browser, address)
    yield visit
    context.close()
    assert visit.wrong == []
