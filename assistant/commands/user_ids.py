"""User ids as they are given on the command line."""

from pathlib import Path

from vectorstore.errors import InputError


def ids_in(given: str | None) -> set[str] | None:
    """Ids with commas between, or @FILE with one a line; None for all. Raises InputError."""
    if given is None:
        return None
    if given.startswith("@"):
        path = Path(given[1:])
        if not path.is_file():
            raise InputError(f"{path}: no such file: give ids with commas between, or @FILE with one a line")
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            raise InputError(f"{path} is not in UTF-8: save it as UTF-8, with one id a line") from None
        return {line.strip() for line in lines if line.strip()}
    return {user_id.strip() for user_id in given.split(",") if user_id.strip()}
