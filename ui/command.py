"""`journeys ui`, and the page at the end of `journeys demo`."""

import getpass
import sys
from pathlib import Path
from typing import Annotated

import typer

from assistant.commands.opened import opened
from ui.login import add_login
from ui.serve import serve
from vectorstore.errors import InputError

#: A table of users that lies in the home folder under this name is read without being asked for.
USERS_FILES = ("users.csv", "users.parquet")


def ui(
    context: typer.Context,
    host: Annotated[
        str, typer.Option(help="Who may open it; any but this machine asks for --auth-file.")
    ] = "127.0.0.1",
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="By default 7860, or the next free one.")] = None,
    auth_file: Annotated[Path | None, typer.Option(help="Logins: names and hashed passwords.")] = None,
    add_user: Annotated[str | None, typer.Option(help="Adds a login to --auth-file, and ends.")] = None,
    users: Annotated[
        Path | None, typer.Option(help="CSV or Parquet about users, with user_id: makes segments.")
    ] = None,
) -> None:
    """Opens the page: everything about the journeys, in a browser."""
    if add_user is not None:
        if auth_file is None:
            raise InputError("where should the login be kept? Give --auth-file FILE")
        add_login(auth_file, add_user, _password())
        print(f"{add_user} may log in from now on: journeys ui --host HOST --auth-file {auth_file}")
        return
    with opened(context) as assistant:
        home = assistant.settings.home
        table = users or next((home / name for name in USERS_FILES if (home / name).is_file()), None)
        served = serve(
            assistant,
            host=host,
            port=port,
            auth_file=auth_file,
            users_file=table,
            told=lambda text: print(text, file=sys.stderr),
        )
        print(f"the page is open: {served.address}  (ctrl-c ends it)", flush=True)
        try:
            served.wait()
        except KeyboardInterrupt:
            pass
        finally:
            served.close()


def _password() -> str:
    """Asked for twice; from a pipe, read once."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    first = getpass.getpass("password: ")
    if first != getpass.getpass("once more: "):
        raise InputError("the two passwords differ: try again")
    return first
