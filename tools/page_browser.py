"""A real browser on a page that is served by the real command: for tests, for pictures, and for figures."""

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

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from assistant.assistant import JourneyAssistant
from assistant.demo import write_users
from assistant.settings import Settings
from chains.notification import Channel

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
_START = "from assistant.cli import main; main()"
_PATIENCE = 240.0

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
    """A copy of a home with the sample users, with a catalogue, a table of users and notifications, that may be written
    to."""
    shutil.copytree(source, home)
    users = write_users(home / "users.csv")
    with JourneyAssistant(Settings(home=home)) as assistant:
        assistant.expand()
        for channel in Channel:
            assistant.notify(channel, users_file=users)
    return home


@contextmanager
def served(home: Path, *options: str, demo: bool = False) -> Iterator[str]:
    """`journeys ui` in a process of its own; gives its address. demo: `journeys demo`, which ends with the page."""
    words = ["demo"] if demo else ["ui", "--port", "0", *options]
    command = [sys.executable, "-c", _START, "--home", str(home), *words]
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


# Gradio ends what it was listening to when an address is left, and the browser calls that an error.
_LEFT = (
    "AbortError: signal is aborted",
    "AbortError: BodyStreamBuffer was aborted",
    "Unexpected error Connection errored out",
)


def is_wrong(said: ConsoleMessage) -> bool:
    """An error; but not that an address was left."""
    return said.type == "error" and not said.text.startswith(_LEFT)


def visitor(
    browser: Browser, address: str, *, width: int = 1280, theme: Theme = "light"
) -> tuple[BrowserContext, Visit]:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme, reduced_motion="reduce")
    context.set_default_timeout(20_000)
    visit = Visit(context.new_page(), address)
    page = visit.page
    page.on("console", lambda said: visit.wrong.append(said.text) if is_wrong(said) else None)
    page.on("pageerror", lambda error: None if str(error).startswith(_LEFT) else visit.wrong.append(str(error)))
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
