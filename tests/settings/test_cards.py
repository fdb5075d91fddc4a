"""The file of the cue cards: what ships is complete, what a site writes is checked."""

import tomllib
from dataclasses import asdict
from pathlib import Path

import pytest

from screener.core.cards import Card, CardChooser, Showing
from screener.errors import SettingsError
from screener.resources import config_folder
from screener.settings.cards import load_cards
from screener.speech.pinyin import syllables

CARD = """[[card]]
id = "x"
name = "某类"
sign = "像"
do = ["做"]
avoid = ["别"]
say = "说"
phrases = ["一句/这句…两句"]
hints = ["半句"]
length = [1, 5, 0.5]
"""


def test_the_shipped_cards_can_be_read_while_somebody_talks() -> None:
    cards = load_cards("", Path(), syllables).cards
    assert len(cards) >= 20
    for card in cards:
        assert 1 <= len(card.do) <= 4 and 1 <= len(card.avoid) <= 4
        assert len(card.say) <= 60
        assert not any("a" <= letter <= "z" for letter in "".join(words_of(card))), card.id
        assert card.acts or card.sounds or card.hints or card.length[2], card.id
        for sound in card.sounds:
            assert sum(min(map(len, ways)) for ways in sound) >= 3, (card.id, sound)
        for sound in card.hints:
            assert sum(min(map(len, ways)) for ways in sound) >= 2, (card.id, sound)
        assert all(act.startswith("caller.") for act in card.acts), card.id


def words_of(card: Card) -> tuple[str, ...]:
    return (card.name, card.sign, *card.do, *card.avoid, card.say)


def test_every_shipped_card_has_its_english() -> None:
    chinese, english = (load_cards("", Path(), syllables, language).cards for language in ("zh", "en"))
    for card, same in zip(chinese, english, strict=True):
        assert (same.id, same.sounds, same.hints, same.acts) == (card.id, card.sounds, card.hints, card.acts)
        assert (len(same.do), len(same.avoid)) == (len(card.do), len(card.avoid)), card.id
        assert not any("一" <= letter <= "鿿" for letter in "".join(words_of(same))), card.id


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        (CARD.replace('say = "说"', ""), "say"),
        (CARD + 'colour = "red"', "colour"),
        (CARD + CARD, "two cards"),
        (CARD.replace("一句/这句…两句", "……"), "without a sound"),
        (CARD.replace("一句/这句", "一句/"), "without a sound"),
        (CARD.replace("半句", "!"), "without a sound"),
        (CARD.replace("0.5", "-1"), "length"),
        (CARD.replace("0.5", "true"), "length.3: found true, allowed a number"),
        (CARD.replace("说", "说" * 90), "say"),
        (CARD + "[card.en]\nname = 'only'", "sign"),
        ("[showing]\nfades = 0.5\n" + CARD, "showing.fades"),
        ("[[card]", "not TOML: line 1, column 7: no ] behind"),
    ],
)
def test_a_wrong_card_is_named(tmp_path: Path, wrong: str, named: str) -> None:
    (tmp_path / "cards.toml").write_text(wrong, "utf-8")
    with pytest.raises(SettingsError, match=named) as error:
        load_cards("cards.toml", tmp_path, syllables)
    assert "cards.toml" in str(error.value)


def test_the_shipped_file_says_when_a_card_comes_and_goes() -> None:
    shipped = tomllib.loads((config_folder() / "cards.toml").read_text("utf-8"))["showing"]
    assert shipped == asdict(load_cards("", Path(), syllables).showing) == asdict(Showing())


def test_a_site_s_own_types_go_by_what_is_said(tmp_path: Path) -> None:
    (tmp_path / "cards.toml").write_text("[showing]\nfrom_points = 2\n" + CARD, "utf-8")
    chooser = CardChooser(load_cards("cards.toml", tmp_path, syllables))
    said = syllables("一句话两句")
    assert chooser.caller_said(said) is None
    (tmp_path / "cards.toml").write_text(CARD, "utf-8")
    chooser = CardChooser(load_cards("cards.toml", tmp_path, syllables))
    shown = chooser.caller_said(said)
    assert shown and shown.id == "x"


def test_a_site_has_its_own(tmp_path: Path) -> None:
    (tmp_path / "cards.toml").write_text(CARD, "utf-8")
    (card,) = load_cards("cards.toml", tmp_path, syllables, "en").cards
    assert card.name == "某类"  # it has no English
    assert card.sounds == (((("yi", "ju"), ("zhe", "ju")), (("liang", "ju"),)),)
    assert card.hints == (((("ban", "ju"),),),)
    assert card.length == (1, 5, 0.5)
