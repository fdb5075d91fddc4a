"""Types of callers: learned in a moment, kept in a file, heard call by call."""

from pathlib import Path

import pytest

from screener.acts.caller_types import EASY, LearnedCallerTypes, load_caller_types, save_caller_types
from screener.acts.file import load_acts
from screener.core.dialogue_acts import Act
from screener.errors import SettingsError
from screener.events import Speaker
from screener.resources import config_folder
from screener.speech.pinyin import syllables
from screener.training.acts.corpus import CorpusCall, CorpusTurn
from screener.training.cards.fit import fit
from screener.training.cards.written import calls, corpus, ordinary

FEW = """
=== 001 | boss
A 您好
C 叫你们领导来
C 我找你们经理
=== 002 | boss
C 领导呢叫你们领导来
=== 003 | easy
C 我想查一下话费
C 好的谢谢
=== 004 | easy
C 我想查一下余额谢谢
"""
ACTS = load_acts(config_folder() / "acts.bin")


def heard(types: LearnedCallerTypes, *said: tuple[Speaker, str]) -> dict[str, float]:
    memory, shares = types.begin(), {}
    for speaker, words in said:
        memory, shares = types.hear(memory, speaker, syllables(words))
    return dict(shares)


def test_what_is_learned_is_heard_again_and_the_file_says_the_same(tmp_path: Path) -> None:
    made = fit(calls(FEW), (), ACTS)
    said = (Speaker.AGENT, "您好"), (Speaker.CALLER, "叫你们领导来")
    shares = heard(made, *said)
    assert shares.keys() == {"boss"}
    assert shares["boss"] > 0.6
    assert heard(made, (Speaker.CALLER, "我想查一下话费"))["boss"] < 0.4
    (tmp_path / "cards.bin").write_bytes(save_caller_types(made))
    read = load_caller_types(tmp_path / "cards.bin", ACTS)
    assert heard(read, *said)["boss"] == pytest.approx(shares["boss"], abs=0.03)


def call_of(*said: tuple[Act, str], label: str = "genuine") -> CorpusCall:
    return CorpusCall("c1", "hand1", label, tuple(CorpusTurn(act.speaker, words, act) for act, words in said))


ASKING = (
    (Act.GREET, "您好"),
    (Act.BUSINESS, "我想查积分"),
    (Act.INFORM, "三百分"),
    (Act.ANSWER, "行那我找你们经理换的"),
)


def test_whole_calls_of_easy_callers_need_no_card_to_their_end() -> None:
    easy = call_of(*ASKING, (Act.CLOSING, "谢谢"))
    rude = call_of(*ASKING, (Act.INSULT_OTHER, "什么破店"))
    short, threat = call_of(*ASKING), call_of(*ASKING, (Act.CLOSING, "谢谢"), label="threat")
    whole = list(ordinary([easy, rude, short, threat]))
    assert [(call.number, call.kind) for call in whole] == [("c1", EASY)]
    assert whole[0].turns[-2:] == [("C", "行那我找你们经理换的"), ("C", "谢谢")]
    said = [(Speaker.CALLER, words) for words in ("我想查积分", "行那我找你们经理换的")]
    without, taught = (heard(fit(calls(FEW), learned, ACTS), *said)["boss"] for learned in ((), whole))
    assert taught < without / 2


def test_a_type_may_be_known_later_than_at_the_first_turn() -> None:
    assert [call.known for call in calls("=== 001 | boss\nC 叫你们领导来\n=== 002 | boss | 4\nC 领导呢\n")] == [
        1,
        4,
    ]


def test_before_the_caller_speaks_nothing_is_known_and_what_nobody_taught_is_no_fault() -> None:
    made = fit(calls(FEW), (), ACTS)
    assert heard(made, (Speaker.AGENT, "您好")) == {}
    assert 0 < heard(made, (Speaker.CALLER, "乌鲁木齐"))["boss"] < 1


def test_a_file_that_is_none_or_of_another_model_of_acts_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cards.bin"
    path.write_bytes(b"no")
    with pytest.raises(SettingsError, match="not a model of types"):
        load_caller_types(path, ACTS)


def test_the_shipped_model_knows_every_card_and_the_corpus_has_every_type() -> None:
    from screener.settings.cards import load_cards

    cards = load_cards("", Path(), syllables)
    assert {call.kind for call in corpus()} == cards.by_id.keys() | {EASY}
    shipped = load_caller_types(config_folder() / "cards.bin", ACTS)
    assert set(shipped.names) == cards.by_id.keys() | {EASY}


def test_what_was_said_long_ago_is_forgotten() -> None:
    shipped = load_caller_types(config_folder() / "cards.bin", ACTS)
    bargain = "再便宜点吧", "打个八折我就买", "别家才卖九十你给我抹个零头"
    said = [(Speaker.CALLER, words) for words in ("我是老客户了能不能少一点", *bargain)]
    boss = (Speaker.AGENT, "您好"), (Speaker.CALLER, "叫你们领导来接电话我跟你说不着")
    shares = heard(shipped, *boss)
    assert max(shares, key=shares.__getitem__) == "boss"
    assert heard(shipped, *boss, *said) == pytest.approx(heard(shipped, *said[-3:]), abs=1e-4)
    shares = heard(shipped, *boss, *said)
    assert max(shares, key=shares.__getitem__) == "bargaining"
