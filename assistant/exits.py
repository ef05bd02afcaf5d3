"""How the command line ends: what went wrong in one line, and the exit code."""

import sys
from typing import Never

import typer

from vectorstore.errors import JourneyError

_INTERRUPTED = 130


def run_to_exit(app: typer.Typer) -> Never:
    """Runs the command that was typed, and exits: 0 ok, 1 failed, 2 wrong usage. Errors are one line without traceback.

    An error that nobody expected keeps its traceback, which is what helps then.
    """
    try:
        code = app(standalone_mode=False)
    except (JourneyError, OSError, UnicodeError) as error:
        _fail(str(error))
    except typer.TyperException as error:
        _fail_usage(error)
    if code == _INTERRUPTED:
        _fail("stopped; the same command goes on where it was")
    sys.exit(code)


def _fail(message: str, code: int = 1) -> Never:
    typer.echo(f"journeys: {' '.join(message.split())}", err=True)
    sys.exit(code)


def _fail_usage(error: typer.TyperException) -> Never:
    context = getattr(error, "ctx", None)
    if context and error.format_message() == context.get_help():
        # What a command without its arguments says is its help.
        typer.echo(error.format_message(), err=True)
        sys.exit(error.exit_code)
    command = context.command_path if context else "journeys"
    message = error.format_message().replace("Value error, ", "").rstrip(".")
    _fail(f"{message}: see {command} --help", error.exit_code)
