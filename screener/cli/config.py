"""`--config`, the same for every command that reads the settings."""

from pathlib import Path

import click

# Whether it may be read the settings themselves say: better than click, and what to do.
config_option = click.option(
    "--config",
    type=click.Path(readable=False, path_type=Path),
    default=lambda: click.get_current_context().find_object(Path),  # a group's holds for its commands
    help="Settings file; default screener.toml here.",
)
