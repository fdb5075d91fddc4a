"""`screener bench-log`: a log to measure with."""

import time
from datetime import UTC, datetime

import click

from screener.cli.finite import Finite
from screener.cli.output import Make, filling_log_options, moment
from screener.cli.say import say
from screener.demo.made_up import NODE, YEARS, Habits, made_up
from screener.errors import InputError
from screener.settings.sections import Settings
from screener.store.accounts import Accounts
from screener.store.bulk import filling, load
from screener.store.find import nodes


@click.command(name="bench-log")
@click.argument("calls", type=click.IntRange(min=1))
@click.option("--seed", default=0, help="The same seed makes the same calls.")
@click.option("--until", help="The calls end here; default now.")
@click.option("--flagged", type=Finite(0, 1), default=0.03, help="Part of the calls that is harassment.")
@filling_log_options(of_a_site=False)
def bench_log(settings: Settings, make: Make, calls: int, seed: int, until: str | None, flagged: float) -> None:
    """Fill a call log with CALLS made-up calls of three years, for measuring; name it with --db.

    Example: screener bench-log 1000000 --db sqlite:////var/tmp/bench.db
    """
    end = moment(settings, until) or datetime.now(UTC)
    with make() as log:
        if foreign := nodes(log) - {NODE}:
            raise InputError(
                f"{log.place}: has calls of {', '.join(sorted(foreign)) or '?'}", "name an empty log with --db"
            )
        if log.listed(datetime.now(UTC)) or Accounts(log).everybody():
            raise InputError(f"{log.place}: has lists or accounts of a site", "name an empty log with --db")
        begun = time.monotonic()
        with filling(log):
            loaded = load(log, made_up(calls, end, seed, Habits(flagged=flagged)))
        seconds = time.monotonic() - begun
    say(f"{loaded} calls of {YEARS} years in {seconds:.1f} s, {loaded / seconds:.0f} a second: {log.place}")
