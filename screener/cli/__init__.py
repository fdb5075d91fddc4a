"""The command line: parses, calls, renders; no logic."""

import click

from screener import __version__


@click.group()
@click.version_option(__version__)
def main() -> None:
    """Screener 骚扰电话识别与处理."""
