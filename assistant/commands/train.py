"""`journeys train …`: each model in a file of its own."""

import typer

from assistant.commands.train_affinity import affinity
from assistant.commands.train_naming import naming
from assistant.commands.train_ranker import ranker
from assistant.commands.train_stage import stage

train_app = typer.Typer(help="Models from labels.", no_args_is_help=True, rich_markup_mode=None)
train_app.command()(affinity)
train_app.command()(naming)
train_app.command()(ranker)
train_app.command()(stage)


@train_app.callback()
def train_options() -> None:
    """Models from labels."""
