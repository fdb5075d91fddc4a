"""Names of listening legs."""

from screener.conversations.leg_names import leg_name, leg_named
from screener.events import Speaker


def test_names_of_legs() -> None:
    for speaker in Speaker:
        assert leg_named(leg_name("00ff", speaker)) == ("00ff", speaker)
    assert leg_named("00ff") is None
    assert leg_named("00ff-nobody") is None
