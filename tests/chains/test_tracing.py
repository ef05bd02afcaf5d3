"""LangSmith's tracing: nothing leaves without its variables, and with them what leaves was masked at the door."""

import os
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

ROOT = Path(__file__).parents[2]

#: Reads a log and takes its keywords by a Runnable, then says how many listeners there are.
PROGRAM = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from langchain_core.callbacks import CallbackManager
from langchain_core.tracers.langchain import wait_for_all_tracers
from chains.runnables import keywords_runnable
from vectorstore.activity import Activity
from vectorstore.columns import ColumnMap
from vectorstore.readers import read_activities

rows = read_activities(Path(sys.argv[1]), ColumnMap(), zone=UTC)
activities = [row for row in rows if isinstance(row, Activity)]
found = keywords_runnable().invoke({"activities": activities, "as_of": datetime(2026, 2, 1, tzinfo=UTC)})
wait_for_all_tracers()
print(len(found["keywords"]), len(CallbackManager.configure().handlers))
"""

LOG = """user_id,timestamp,kind,text
ann,2026-01-05T09:00:00Z,search,barn wedding venues
ann,2026-01-05T09:01:00Z,search,ask jane.roe@example.com or +1 415 555 0137 for the barn
"""


class Collector:
    """What was sent to it, as it came."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.url = ""


@pytest.fixture(name="collector")
def collector_fixture() -> Iterator[Collector]:
    found = Collector()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            """Says nothing."""

        def do_GET(self) -> None:
            found.sent.append(f"GET {self.path}")
            self._answer()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.sent.append(f"POST {self.path}\n{body.decode()}")
            self._answer()

        def _answer(self) -> None:
            self.send_response(202)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{server.server_port}"
    Thread(target=server.serve_forever, daemon=True).start()
    yield found
    server.shutdown()
    server.server_close()


def run(log: Path, **variables: str) -> str:
    """What the program prints, in a process of its own that has these variables and none of this machine's."""
    log.write_text(LOG, encoding="utf-8")
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    own = {**kept, **variables, "PYTHONPATH": str(ROOT), "HOME": str(log.parent)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(log)], env=own, cwd=log.parent, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_without_its_variables_nobody_listens_and_nothing_is_sent(collector: Collector, tmp_path: Path) -> None:
    assert run(tmp_path / "log.csv") == "2 0"
    assert run(tmp_path / "log.csv", LANGSMITH_ENDPOINT=collector.url, LANGSMITH_API_KEY="made up") == "2 0"
    assert collector.sent == []


def test_with_them_a_run_is_sent_with_masked_texts(collector: Collector, tmp_path: Path) -> None:
    told = run(
        tmp_path / "log.csv",
        LANGSMITH_TRACING="true",
        LANGSMITH_ENDPOINT=collector.url,
        LANGSMITH_API_KEY="made up",
    )
    assert told == "2 1"
    runs = "".join(each for each in collector.sent if each.startswith("POST"))
    assert '"name":"extract_keywords"' in runs
    assert "barn wedding venues" in runs
    assert "for the barn" in runs
    assert "jane" not in runs
    assert "555" not in runs
