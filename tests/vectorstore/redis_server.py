"""A Redis server of one's own, on a socket in a folder of its own, gone when the tests are over."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

WHY_NOT = "no Redis server here to test with: apt-get install redis-server"
PASSWORD = "s3cret-of-redis"


@contextmanager
def redis_server() -> Iterator[str | None]:
    """Yields a URL with a password in it, or None where there is no server to start."""
    program = shutil.which("redis-server")
    if program is None:
        yield None
        return
    # Not pytest's temporary folder: the path of a socket may have 107 characters at most.
    folder = Path(tempfile.mkdtemp(prefix="redis-"))
    socket = folder / "socket"
    options = ["--port", "0", "--unixsocket", str(socket), "--save", "", "--appendonly", "no", "--dir", str(folder)]
    server = subprocess.Popen(
        [program, *options, "--requirepass", PASSWORD], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 30
        while not socket.exists():
            assert server.poll() is None and time.monotonic() < deadline, "the Redis server does not start"
            time.sleep(0.02)
        yield f"unix://:{PASSWORD}@{socket}?db=0"
    finally:
        server.terminate()
        server.wait(30)
        shutil.rmtree(folder, ignore_errors=True)
