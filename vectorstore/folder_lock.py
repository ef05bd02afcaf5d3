"""One process at a time in a store's folder."""

from pathlib import Path

from filelock import FileLock, Timeout

from vectorstore.errors import StoreError


def hold(folder: Path) -> FileLock:
    """Makes the folder where it is missing and holds it until the lock is released or the process ends in any way.

    Raises StoreError where someone else holds it, or the folder cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Not by thread: a page opens the store in one thread and closes it in another.
        lock = FileLock(folder / "lock", timeout=0, thread_local=False)
        lock.acquire()
    except Timeout as error:
        raise StoreError(
            f"another process holds the keyword store in {folder}: wait until it ends, or stop it and try again"
        ) from error
    except OSError as error:
        raise StoreError(
            f"the keyword store in {folder} cannot be opened ({error.strerror}): check the folder and its rights"
        ) from error
    return lock
