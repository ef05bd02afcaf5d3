"""Serves the page on this machine, or, with logins, to others."""

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.assistant import JourneyAssistant
from ui.login import Doorkeeper, read_logins
from ui.shell import style
from vectorstore.errors import InputError

if TYPE_CHECKING:
    import gradio as gr

PORT = 7860
_PORTS = 20


@dataclass(frozen=True, slots=True)
class Served:
    """A page that is being served. address: what to open in a browser."""

    address: str
    page: "gr.Blocks"

    def wait(self) -> None:
        """Until the process is interrupted."""
        self.page.block_thread()

    def close(self) -> None:
        self.page.close(verbose=False)


def serve(
    assistant: JourneyAssistant,
    *,
    host: str = "127.0.0.1",
    port: int | None = None,
    auth_file: Path | None = None,
    users_file: Path | None = None,
    told: Callable[[str], None] = lambda text: None,
) -> Served:
    """Begins to serve, and returns. port: by default 7860, or the next one that is free. auth_file: logins, which any
    host but this machine asks for. Raises InputError."""
    if not is_loopback(host) and auth_file is None:
        raise InputError(
            f"on {host} others could see the page: give --auth-file FILE, which journeys ui --add-user NAME writes, "
            "or leave --host out"
        )
    doorkeeper = Doorkeeper(read_logins(auth_file)) if auth_file is not None else None
    chosen = free_port(host, port)
    reading = assistant.reading
    reading.users_file = users_file
    reading.open_all()
    told("starting the page…")
    # Gradio's own statistics and updates; read when it is imported.
    os.environ.update(GRADIO_ANALYTICS_ENABLED="False")
    # Importing Gradio takes seconds, which other commands do without.
    from starlette.middleware import Middleware  # noqa: PLC0415

    from ui.headers import StayHere  # noqa: PLC0415
    from ui.login_page import OwnLogin  # noqa: PLC0415
    from ui.page import build_page  # noqa: PLC0415
    from ui.theme import calm_theme  # noqa: PLC0415

    page = build_page(reading)
    around = [Middleware(StayHere), *([Middleware(OwnLogin)] if doorkeeper else [])]
    page.queue(api_open=False, default_concurrency_limit=4, max_size=200)
    page.launch(
        server_name=host,
        server_port=chosen,
        # A function, not an object: what Gradio does not know to be awaited, it takes for a yes.
        auth=None if doorkeeper is None else doorkeeper.admits,  # type: ignore[arg-type]
        share=False,
        prevent_thread_lock=True,
        quiet=True,
        footer_links=[],
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
        enable_monitoring=False,
        show_error=False,
        theme=calm_theme(),
        css=style(),
        app_kwargs={"middleware": around, "docs_url": None, "redoc_url": None, "openapi_url": None},
    )
    shown = "127.0.0.1" if is_loopback(host) else host
    return Served(f"http://{f'[{shown}]' if ':' in shown else shown}:{chosen}/", page)


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def free_port(host: str, port: int | None) -> int:
    """The port asked for, or from 7860 on the first that is free. Raises InputError where it is taken."""
    asked = range(PORT, PORT + _PORTS) if port is None else [port]
    for each in asked:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, each))
            except OSError:
                continue
            found: int = probe.getsockname()[1]
            return found
    raise InputError(f"port {asked[0]} on {host} cannot be had: give another with --port")
