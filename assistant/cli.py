"""The command line. Errors are one line that says what to do; exit codes: 0 ok, 1 failed, 2 usage."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from assistant import demo as demo_users
from assistant.assistant import JourneyAssistant
from assistant.commands.catalogue import catalogue
from assistant.commands.chat import chat
from assistant.commands.evaluate import evaluate_app
from assistant.commands.expand import expand
from assistant.commands.experiment import experiment
from assistant.commands.explain import explain
from assistant.commands.failed_users import print_failed
from assistant.commands.feedback import feedback
from assistant.commands.infer import infer
from assistant.commands.ingest import ingest
from assistant.commands.judge import judge
from assistant.commands.labels import labels_app
from assistant.commands.notify import notify
from assistant.commands.plugged import plugged_commands
from assistant.commands.recommend import recommend
from assistant.commands.train import train_app
from assistant.commands.watch import watch_command
from assistant.doctor import examine
from assistant.exits import run_to_exit
from assistant.output import row_of
from assistant.progress import Bars
from assistant.settings import Settings
from assistant.tables_shown import (
    changes_table,
    examined_table,
    journeys_table,
    run_text,
    settings_table,
    user_heading,
    users_table,
)
from chains.notification import Channel
from vectorstore.errors import InputError

app = typer.Typer(
    name="journeys",
    help="Finds each user's journeys in an activity log: named, staged, ranked, explained by dated activity.",
    epilog="Begin with: journeys demo --no-ui, or: journeys infer LOG --output journeys.jsonl",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(evaluate_app, name="evaluate")
app.add_typer(train_app, name="train")
app.add_typer(labels_app, name="labels")

User = Annotated[str, typer.Argument(metavar="USER", help="A user id, as in the log.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


@app.callback()
def main_options(
    context: typer.Context,
    home: Annotated[
        Path | None, typer.Option(help="Where everything lies; by default JOURNEYS_HOME or .journeys.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="The settings file; by default journeys.toml in the home folder or here.")
    ] = None,
) -> None:
    context.obj = {"home": home, "config": config}


def settings_of(context: typer.Context, **overrides: Any) -> Settings:
    """The settings for this call, from its options, the environment and journeys.toml."""
    return Settings.load(**context.obj, **{name: value for name, value in overrides.items() if value is not None})


@contextmanager
def _assistant(context: typer.Context, **overrides: Any) -> Iterator[JourneyAssistant]:
    with JourneyAssistant.from_settings(settings_of(context, **overrides)) as assistant:
        yield assistant


@contextmanager
def _existing(context: typer.Context) -> Iterator[JourneyAssistant]:
    with _assistant(context) as assistant:
        if not assistant.has_begun():
            raise InputError(
                f"nothing has been read yet in {assistant.settings.home}: "
                "begin with journeys demo --no-ui, or journeys infer LOG --output journeys.jsonl"
            )
        yield assistant


@app.command()
def demo(
    context: typer.Context,
    no_ui: Annotated[bool, typer.Option("--no-ui", help="Print the journeys instead of opening the page.")] = False,
    users: Annotated[int, typer.Option(min=1, help="How many users to print.")] = 4,
) -> None:
    """Sample users through the whole main job, in a folder demo inside the home folder, or in the one given."""
    home = context.obj["home"] or settings_of(context).home / "demo"
    context.obj["home"] = home
    with _assistant(context) as assistant, Bars() as bars:
        log = demo_users.write_log(home / "sample.csv")
        read = assistant.ingest([log], on_rows=bars.rows("Reading"), on_users=bars.users("Indexing"))
        opening = not no_ui and "ui" in plugged_commands()
        if opening and next(assistant.library.users(), None) is None:
            # So that the page can tell what changed since.
            assistant.infer(
                users=read.users, as_of=demo_users.BEFORE, on_progress=bars.users("Inferring as of two weeks before")
            )
        summary = assistant.infer(users=read.users, as_of=demo_users.AS_OF, on_progress=bars.users("Inferring"))
        if opening:
            demo_users.write_users(home / "users.csv")
            assistant.expand(on_progress=bars.users("Expanding"))
            for channel in Channel:
                told = bars.users(f"Notifying by {channel}")
                assistant.notify(channel, users_file=home / "users.csv", on_progress=told)
    with _assistant(context) as assistant:
        console = Console()
        console.print(run_text(summary, read))
        shown = sorted(read.users)[:users]
        for user_id in shown:
            console.print()
            console.print(user_heading(user_id, assistant.log.of(user_id)))
            console.print(journeys_table(assistant.journeys(user_id)))
        console.print()
        console.print(f"More: journeys --home {home} show USER, explain USER RANK, users")
    if opening:
        plugged_commands()["ui"](context)


app.command()(ingest)
app.command()(infer)
app.command("watch")(watch_command)


@app.command()
def users(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    failed: Annotated[bool, typer.Option("--failed", help="Those whom runs set aside, and why.")] = False,
    as_json: AsJson = False,
) -> None:
    """The users with an inference, and how many journeys each has."""
    with _existing(context) as assistant:
        if failed:
            print_failed(assistant.library.failures(), limit, as_json=as_json)
            return
        states = sorted(assistant.library.states(), key=lambda state: (-state.journeys, state.user_id))
        if as_json:
            _print_json([{"user_id": state.user_id, "journeys": state.journeys} for state in states[:limit]])
        else:
            Console().print(users_table(states[:limit], len(states)))


@app.command()
def show(
    context: typer.Context,
    user: User,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 20,
    as_json: AsJson = False,
) -> None:
    """A user's journeys, best first."""
    with _existing(context) as assistant:
        journeys = assistant.journeys(user)
        if as_json:
            _print_json([row_of(journey) for journey in journeys[:limit]])
            return
        console = Console()
        console.print(user_heading(user, assistant.log.of(user)))
        console.print(journeys_table(journeys[:limit]))
        if len(journeys) > limit:
            print(f"and {len(journeys) - limit} more: journeys show {user} --limit {len(journeys)}")


app.command()(explain)
app.command()(expand)
app.command()(recommend)
app.command()(catalogue)
app.command()(notify)
app.command()(judge)
app.command()(chat)
app.command()(experiment)
app.command()(feedback)
for name, command in plugged_commands().items():
    app.command(name)(command)


@app.command()
def changes(context: typer.Context, user: User, as_json: AsJson = False) -> None:
    """What happened to a user's journeys, run by run."""
    with _existing(context) as assistant:
        dated = assistant.changes(user)
        if as_json:
            _print_json(
                [
                    {"run_id": each.run_id, "as_of": each.as_of.isoformat(), **each.change.model_dump(mode="json")}
                    for each in dated
                ]
            )
        else:
            Console().print(changes_table(dated))


@app.command()
def forget(context: typer.Context, user: User, as_json: AsJson = False) -> None:
    """Removes a user everywhere, and proves it."""
    with _existing(context) as assistant:
        erased = assistant.forget(user)
        if as_json:
            _print_json(
                {
                    "activities": erased.activities,
                    "keywords": erased.keywords,
                    "vectors": erased.vectors,
                    "journeys": erased.library.journeys,
                    "changes": erased.library.changes,
                    "calls": erased.library.calls,
                    "judgements": erased.library.judgements,
                    "labels": erased.library.labels,
                    "feedback": erased.library.feedback,
                    "replies": erased.replies,
                    "expansions": erased.expansions,
                    "conversations": erased.conversations,
                    "crowd": erased.crowd,
                    "remaining": erased.remaining,
                    "unreached": erased.unreached,
                }
            )
        else:
            print(
                f"removed: {erased.activities:,} activities, {erased.keywords:,} keywords, {erased.vectors:,} vectors, "
                f"{erased.library.journeys:,} journeys, {erased.library.changes:,} changes; "
                f"found again: {erased.remaining}"
            )
            print(
                "rows of this user in logs are passed over from now on; "
                "journeys ingest LOG --allow-forgotten ID reads them"
            )
            said = {
                "replies of models kept": erased.library.calls + erased.replies,
                "judgements": erased.library.judgements,
                "labels": erased.library.labels,
                "feedback": erased.library.feedback,
            }
            if any(said.values()):
                print("also: " + ", ".join(f"{count:,} {what}" for what, count in said.items() if count))
            if erased.expansions:
                print(f"the catalogue lost {erased.expansions:,} values that too few users are left for")
            if erased.conversations:
                print(f"conversations that told of this user: {erased.conversations:,}, removed whole")
            if erased.crowd:
                print(f"the crowd that other users' texts are compared with lost {erased.crowd:,} rows of this user")
            for name in erased.unreached:
                print(f"not looked at: the store {name}, which the settings no longer name")
        if erased.remaining:
            raise typer.Exit(1)


@app.command()
def doctor(context: typer.Context, as_json: AsJson = False) -> None:
    """What is on, what is off, and how to turn it on."""
    settings = settings_of(context)
    found = examine(settings)
    if as_json:
        _print_json(
            {
                "settings": [each._asdict() for each in settings.describe()],
                "checks": [each._asdict() for each in found],
            }
        )
    else:
        console = Console()
        console.print(settings_table(settings.describe()))
        console.print(examined_table(found))
    if any(check.state == "broken" for check in found):
        raise typer.Exit(1)


def _print_json(value: object) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2, default=lambda each: each.isoformat()))


def main() -> None:
    """Entry point: an expected error is one line on standard error, and exit code 1, or 2 for wrong usage."""
    run_to_exit(app)
