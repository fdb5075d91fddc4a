"""Voices that espeak-ng does not ship: variants with formants, pitch and breath drawn by chance.

A variant is a text file among espeak-ng's data. The shipped data are left as they are: a folder of links to them
stands in their place for as long as the made variants are needed, without MBROLA's voices, since espeak-ng counts
no further than 350.
"""

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from screener.errors import ModelError

COUNT = 100
MADE = tuple(f"made{number:03}" for number in range(COUNT))
"""Names of the made variants."""

_ENVIRONMENT = "ESPEAK_DATA_PATH"
_SOUNDED = 5
"""Formants that every voice has; the higher ones may be missing."""


def variant(rng: np.random.Generator) -> str:
    """A variant file: formants (frequency, height, width) in percent of the plain voice's, and the rest."""
    low = rng.uniform(70, 200)
    length = rng.uniform(0.88, 1.2)  # one throat moves all its formants together
    lines = ["language variant", f"pitch {low:.0f} {low * rng.uniform(1.15, 1.6):.0f}"]
    lines += [f"flutter {rng.integers(6)}", f"roughness {rng.integers(5)}"]
    for number in range(9):
        frequency = 100 * length * rng.uniform(0.93, 1.07)
        height, width = rng.uniform(45, 110), rng.uniform(80, 180)
        silent = rng.random() < (0.25 if number > _SOUNDED else 0.12 if number == 3 else 0.0)
        shift = rng.uniform((-260, -80)[number == 1], (120, 120)[number == 1]) if number in (1, 2) else 0
        values = (0, 0, 0, 0) if silent else (frequency, height, width, shift)
        lines.append(f"formant {number} " + " ".join(f"{value:.0f}" for value in values))
    if rng.random() < 0.4:
        lines.append("breath 0 " + " ".join(str(v) for v in rng.integers(0, 6, 7)))
    if rng.random() < 0.3:
        lines.append(f"echo {rng.integers(20, 140)} {rng.integers(5, 20)}")
    if rng.random() < 0.5:
        lines.append("stressAmp " + " ".join(str(v) for v in rng.integers(14, 30, 8)))
    return "\n".join(lines) + "\n"


@contextlib.contextmanager
def cabinet(seed: int) -> Iterator[None]:
    """Within this, espeak-ng knows the made variants; the same seed makes the same.

    Raises:
        ModelError: espeak-ng is missing, or does not say where its data are.
    """
    data = _data()
    rng = np.random.default_rng(seed)
    before = os.environ.get(_ENVIRONMENT)
    with tempfile.TemporaryDirectory(prefix="screener-voices-") as folder:
        here = Path(folder, "espeak-ng-data")
        variants = here / "voices" / "!v"
        variants.mkdir(parents=True)
        _link(data, here, but="voices")
        _link(data / "voices" / "!v", variants)
        for name in MADE:
            (variants / name).write_text(variant(rng))
        os.environ[_ENVIRONMENT] = folder
        try:
            yield
        finally:
            if before is None:
                del os.environ[_ENVIRONMENT]
            else:
                os.environ[_ENVIRONMENT] = before


def _data() -> Path:
    program = shutil.which("espeak-ng")
    if program is None:
        raise ModelError("espeak-ng is not installed", "apt-get install espeak-ng")
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603
    found = re.search(r"Data at: (.+)", said)
    if found is None or not Path(found[1].strip(), "voices", "!v").is_dir():
        raise ModelError("espeak-ng does not say where its data are", "install espeak-ng 1.50 or newer")
    return Path(found[1].strip())


def _link(there: Path, here: Path, but: str = "") -> None:
    for path in there.iterdir():
        if path.name != but:
            (here / path.name).symlink_to(path)
