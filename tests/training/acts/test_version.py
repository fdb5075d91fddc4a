"""The command of the tree makes what the product ships: it is named the same."""

from screener.acts.file import load_acts
from screener.resources import config_folder
from screener.training.acts.__main__ import VERSION


def test_the_command_makes_the_version_that_is_shipped() -> None:
    assert load_acts(config_folder() / "acts.bin").version == VERSION
