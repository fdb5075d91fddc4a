"""Numbers of options that are numbers: click takes `nan` for one within every range."""

import math
from typing import Any

import click


class Finite(click.FloatRange):
    """A number from the least to the most."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:  # noqa: ANN401 - click's own
        """Refuses `nan` as click refuses what is no number."""
        number = float(super().convert(value, param, ctx))
        if math.isnan(number):
            self.fail(f"{value!r} is not a valid float.", param, ctx)
        return number
