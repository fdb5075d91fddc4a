"""What a process brings along: modules, and files beside the package in a checkout, inside it in a wheel."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def _shipped(name: str) -> Path:
    inside = PACKAGE / name
    return inside if inside.is_dir() else PACKAGE.parent / name


def audio_folder() -> Path:
    """The folder of the shipped recordings."""
    return _shipped("audio")


def config_folder() -> Path:
    """The folder of the shipped settings, lexicon and weights."""
    return _shipped("config")


def embedded_model_folder() -> Path:
    """The folder of the Vosk model that ships with the product (synthetic speech only)."""
    return PACKAGE / "speech" / "embedded"


@contextmanager
def loading() -> Iterator[None]:
    """The garbage collector rests: modules make only what stays; looking takes a quarter of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.freeze()
            gc.enable()
