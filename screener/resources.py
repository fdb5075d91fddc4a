"""Where the files that travel with the product lie: beside the package in a checkout, inside it in a wheel."""

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
