"""A tab that fails in a way that nobody foresaw: the page says so, and goes on."""

import os
import subprocess
import sys
from pathlib import Path

from browser import browser_fixture, visitor
from homes import made, made_rows, write_log
from playwright.sync_api import Browser, expect

__all__ = ["browser_fixture"]

ROOT = Path(__file__).parents[2]
_PAGE = """
import sys
from pathlib import Path
from assistant.assistant import JourneyAssistant
from assistant.settings import Settings
import ui.tabs
from ui.frame import Tab

def fails(reading, place):
    raise RuntimeError("nobody foresaw this")

ui.tabs.TABS = (ui.tabs.TABS[1], Tab("broken", "Broken", "It fails.", fails))
from ui.serve import serve
with JourneyAssistant(Settings(home=Path(sys.argv[1]))) as assistant:
    served = serve(assistant, port=0)
    print(served.address, flush=True)
    served.wait()
"""


def test_a_failure_is_said_and_the_page_goes_on(browser: Browser, tmp_path: Path) -> None:
    with made(tmp_path / "home") as assistant:
        assistant.ingest([write_log(tmp_path / "log.csv", made_rows("ann", "wedding"))])
        assistant.infer()
    command = [sys.executable, "-c", _PAGE, str(tmp_path / "home")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with (
        (tmp_path / "log.txt").open("w") as log,
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=log, text=True) as process,
    ):
        try:
            assert process.stdout is not None
            context, visit = visitor(browser, process.stdout.readline().strip())
            visit.open("?tab=explore")
            visit.page.locator("nav a", has_text="Broken").click()
            expect(visit.page.get_by_text("Something went wrong")).to_be_visible()
            expect(visit.page.locator("#panel-explore .body")).to_be_visible()
            assert "nobody foresaw this" not in visit.text()
            visit.page.locator("nav a", has_text="Explore").click()
            expect(visit.page.get_by_text("Something went wrong")).to_be_hidden()
            visit.settle()
            context.close()
        finally:
            process.terminate()
    assert "nobody foresaw this" in (tmp_path / "log.txt").read_text()
