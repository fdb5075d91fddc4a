import pytest


@pytest.fixture
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the program itself says is asserted in English, as the code has it."""
    monkeypatch.setenv("SCREENER_LANG", "en")
