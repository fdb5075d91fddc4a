"""Evidence in words."""

import re

import pytest

from screener.core.evidence import Kind
from screener.words.judgement import RULES, Teller
from screener.words.terms import Language


def test_evidence_quotes_what_it_stands_on_unless_it_says_it_itself() -> None:
    teller = Teller("zh")
    assert teller.piece("time.night", "", "23:10").endswith("深夜来电（23:10）")
    assert Teller("en").piece("history.flagged", "", "1") == "flagged before (1)", "nobody said it"
    assert teller.piece("lewd.bed.1", "", "陪我睡觉").endswith(" “陪我睡觉”")
    assert teller.piece("dialogue.silent", "2", "2") == "询问 2 次均无人应答"
    assert teller.piece("caller.line.public", "", "public") == "公用电话", "no code among the words"
    assert teller.piece("dialogue.silent", "2", "") == "询问 2 次均无人应答"


def test_mimicry_and_moans_are_told_apart_from_other_nonsense() -> None:
    told = {kind: Teller().evidence("act.caller.absurd", "1", kind) for kind in (None, *Kind)}
    assert told[Kind.MIMIC] == "来电人学舌、唱歌或放录音" and told[Kind.BREATHING] == "来电人喘息或发怪声"
    assert {told[kind] for kind in told.keys() - {Kind.MIMIC, Kind.BREATHING}} == {"来电人胡闹或模仿"}
    assert Teller().piece("act.caller.absurd", "1", "嗯嗯", "breathing") == "来电人喘息或发怪声 “嗯嗯”"
    assert Teller().evidence("act.caller.lewd", "1", Kind.BREATHING) == Teller().evidence("act.caller.lewd")


def test_what_was_told_once_the_call_was_over_is_said_so() -> None:
    assert Teller("zh").reason("afterwards:lewd") == "通话结束后认定：言语猥亵"
    assert Teller("en").reason("afterwards:lewd") == "told once the call was over: lewd talk"
    assert Teller("zh").reason("afterwards") == "通话结束后认定：骚扰"


def test_an_act_that_is_a_guess_is_said_to_be_one() -> None:
    assert Teller("zh").evidence("act.agent.steer", "2") == "坐席第 2 次引回正题"
    assert Teller("en").evidence("act.agent.steer", "2") == "the agent steers back, time 2"
    assert Teller("zh").evidence("act.agent.steer", "2?") == "像是坐席第 2 次引回正题"
    assert Teller("en").piece("act.caller.lewd", "1?", "嗯") == "probably: the caller talks lewdly “嗯”"


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_name_of_a_rule_has_no_hole_where_its_number_is_not_known(lang: Language) -> None:
    names = {rule: Teller(lang).evidence(rule) for rule in RULES}
    assert [name for name in names.values() if re.search(r"[\[\]{}]|第 |  |, time|asked  ?times", name)] == []
    assert names["act.agent.warn"] == {"zh": "坐席警告", "en": "the agent warns"}[lang]
    assert names["dialogue.silent"] == {"zh": "询问均无人应答", "en": "asked, no answer"}[lang]
    assert all(re.search(r"[\[\]{}]", Teller(lang).evidence(rule, "3")) is None for rule in RULES)
