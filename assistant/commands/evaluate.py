"""`journeys evaluate …`: each figure in a file of its own."""

import typer

from assistant.commands.evaluate_clustering import clustering
from assistant.commands.evaluate_judge import judge
from assistant.commands.evaluate_naming import naming
from assistant.commands.evaluate_ranking import ranking
from assistant.commands.evaluate_replay import replay
from assistant.commands.evaluate_stage import stage

evaluate_app = typer.Typer(help="Figures, as a table or --json.", no_args_is_help=True, rich_markup_mode=None)
evaluate_app.command()(clustering)
evaluate_app.command()(judge)
evaluate_app.command()(naming)
evaluate_app.command()(ranking)
evaluate_app.command()(replay)
evaluate_app.command()(stage)


@evaluate_app.callback()
def evaluate_options() -> None:
    """Figures, as a table or --json."""
