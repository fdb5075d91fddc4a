"""The corpus: as many calls by as many hands as the card says, each of them whole and consistent."""

import json
import re
from dataclasses import replace
from itertools import chain
from pathlib import Path
from statistics import mean

import pytest
from click.testing import CliRunner

from screener.acts.file import load_acts
from screener.core.dialogue_acts import Act
from screener.core.evidence import Kind, Standing
from screener.errors import InputError
from screener.events import LineClass, Speaker
from screener.resources import config_folder
from screener.settings.judgement import load_judgement
from screener.settings.sections import JudgementSection
from screener.speech.pinyin import syllables
from screener.training.acts import __main__ as program
from screener.training.acts.check import (
    ALLOWED,
    BEYOND,
    COPIED,
    FEW,
    NEEDED,
    Fault,
    InCommon,
    check,
    excess,
    shared,
)
from screener.training.acts.corpus import (
    FOLDER,
    KEPT,
    LABELS,
    CorpusCall,
    CorpusTurn,
    grouped,
    hands,
    parse,
    read_corpus,
    read_hand,
    read_hands,
    serialize,
    write_hand,
)
from screener.training.acts.measure import told
from screener.training.acts.written import read_written
from screener.words.told import told as told_to_people

CALLER, AGENT = Speaker.CALLER, Speaker.AGENT
CALL = CorpusCall(
    "hand99-001",
    "hand99",
    "lewd",
    (CorpusTurn(AGENT, "您好", Act.GREET), CorpusTurn(CALLER, "你今天穿什么呀", Act.LEWD)),
    known_at=2,
    hour=22,
    line=LineClass.MOBILE,
)
WRITTEN = """\
=== 001 | harassment | repeat | known=2 | hour=22 | line=payphone
A greet | 您好这里是
C absurd | 嘿嘿又是我
=== 002 | complaint | - | known=- | hour=9 | line=fixed
C grievance | 我的钱呢
"""


@pytest.fixture(scope="module")
def corpus() -> list[CorpusCall]:
    return read_corpus()


@pytest.fixture(scope="module")
def kept() -> list[CorpusCall]:
    return read_corpus(KEPT)


@pytest.fixture(scope="module")
def in_common(corpus: list[CorpusCall], kept: list[CorpusCall]) -> InCommon:
    """What every two hands share, those kept apart among them."""
    return shared([*corpus, *kept])


def test_it_is_large_by_many_and_half_of_it_must_not_be_flagged(corpus: list[CorpusCall]) -> None:
    assert len(corpus) >= 4000
    assert len(hands()) >= 20
    assert sum(call.is_harassment for call in corpus) < len(corpus) / 2
    assert {call.label for call in corpus} >= {*Standing, *(k for k in Kind if k is not Kind.SILENT)}
    assert all(hand.particulars for hand in hands())


def test_every_call_is_read_back_as_it_was_written(corpus: list[CorpusCall]) -> None:
    assert all(parse(serialize(call)) == call for call in corpus[::50])


def test_no_call_stands_twice_and_no_two_hands_copy(
    corpus: list[CorpusCall], kept: list[CorpusCall], in_common: InCommon
) -> None:
    assert len({call.id for call in (*corpus, *kept)}) == len(corpus) + len(kept)
    assert max(share for _, share in in_common.values()) < COPIED


def test_hands_kept_apart_have_no_more_in_common_with_the_corpus_than_its_hands_among_themselves(
    kept: list[CorpusCall], in_common: InCommon
) -> None:
    apart = {call.hand for call in kept}
    across = [found for pair, found in in_common.items() if len(apart.intersection(pair)) == 1]
    within = [found for pair, found in in_common.items() if not apart.intersection(pair)]
    usual = mean(share for _, share in within)
    assert mean(share for _, share in across) < 1.25 * usual
    beyond = sum(count > FEW and share > BEYOND * usual for count, share in across)
    assert beyond <= ALLOWED[Fault.SHARED] * len(across)


def test_a_hands_file_is_the_same_bytes_whenever_it_is_written(tmp_path: Path) -> None:
    one, two = tmp_path / "one.jsonl.gz", tmp_path / "two.jsonl.gz"
    write_hand([CALL], one)
    write_hand(read_hand(one), two)
    assert one.read_bytes() == two.read_bytes()


def test_a_hands_file_need_not_be_packed(tmp_path: Path) -> None:
    plain = tmp_path / "one.jsonl"
    plain.write_text(serialize(CALL) + "\n\n", "utf-8")
    assert list(read_hand(plain)) == [CALL]
    plain.write_text(serialize(CALL) + "\n{", "utf-8")
    with pytest.raises(InputError, match=r"one\.jsonl:2"):
        list(read_hand(plain))


@pytest.mark.parametrize("content", [None, b"{}", b"\x1f\x8b\x08"])
def test_a_hands_file_that_cannot_be_read_is_named(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "one.jsonl.gz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"one\.jsonl\.gz: cannot be read"):
        list(read_hand(path))


@pytest.mark.parametrize("spoiled", ["{", "[]"])
def test_what_is_no_call_is_refused_with_its_line(spoiled: str) -> None:
    with pytest.raises(InputError, match="hand:7: not a JSON object"):
        parse(spoiled, "hand:7")


@pytest.mark.parametrize("field", ["id", "hand", "label", "turns"])
def test_a_field_that_a_call_lacks_is_named(field: str) -> None:
    data = json.loads(serialize(CALL))
    del data[field]
    with pytest.raises(InputError, match=f"hand:7: `{field}` is needed") as refused:
        parse(json.dumps(data), "hand:7")
    assert told_to_people(str(refused.value), "zh").startswith(f"hand:7：须有 {field} — 见 screener/")


@pytest.mark.parametrize(
    ("field", "value"),
    [("hour", 77), ("hour", "9"), ("known_at", 99), ("known_at", 0), ("known_at", 1.5), ("known_at", True),
     ("turns", []), ("turns", "hello"), ("label", "lewed"), ("label", ["lewd"]), ("line", "moon"), ("id", None),
     ("hand", " ")],
)  # fmt: skip
def test_a_field_that_nobody_can_mean_is_named(field: str, value: object) -> None:
    data = json.loads(serialize(CALL)) | {field: value}
    with pytest.raises(InputError, match=f"hand:7: {field}: found ") as refused:
        parse(json.dumps(data), "hand:7")
    assert not re.search("found|allowed| to ", told_to_people(str(refused.value), "zh"))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("text", " "),
        ("text", None),
        ("text", "你" * 20_001),
        ("speaker", "nobody"),
        ("act", "dance"),
        ("act", "lewd"),
        ("act", []),
    ],
)
def test_a_turn_that_nobody_can_mean_is_named(field: str, value: object) -> None:
    data = json.loads(serialize(CALL))
    data["turns"][0][field] = value
    with pytest.raises(InputError, match=f"hand:7: turn 1: {field}: found "):
        parse(json.dumps(data), "hand:7")
    del data["turns"][0][field]
    with pytest.raises(InputError, match=f"hand:7: turn 1: `{field}` is needed"):
        parse(json.dumps(data), "hand:7")


def test_an_id_stands_once_in_all_files_of_an_answer(tmp_path: Path) -> None:
    one, two = tmp_path / "one.jsonl", tmp_path / "two.jsonl"
    one.write_text(f"{serialize(CALL)}\n" * 2, "utf-8")
    two.write_text(serialize(CALL), "utf-8")
    for paths, where in (([one], f"{one}:2"), ([two, two], f"{two}:1")):
        with pytest.raises(InputError, match=f"{where}: id: found 'hand99-001', which stands in .*:1 too"):
            list(read_hands(paths))


def test_a_hand_writes_plain_text(tmp_path: Path) -> None:
    (tmp_path / "01.txt").write_text(WRITTEN, "utf-8")
    first, second = read_written(tmp_path, "hand99")
    assert (first.label, first.known_at, first.hour, first.line) == ("redial", 2, 22, LineClass.PUBLIC)
    assert [t.act for t in first.turns] == [Act.GREET, Act.ABSURD]
    assert (second.id, second.label, second.known_at) == ("hand99-002", "complaint", None)
    (tmp_path / "02.txt").write_text("A dance | 您好\n", "utf-8")
    with pytest.raises(InputError, match=r"02\.txt:1"):
        list(read_written(tmp_path, "hand99"))


def test_contradictions_and_templates_are_found() -> None:
    clean = replace(CALL, turns=(CALL.turns[0], CorpusTurn(CALLER, "我查话费", Act.BUSINESS)))
    assert [f.what for f in check([clean])] == ["lewd without caller.lewd or caller.personal"]
    protected = replace(CALL, label="genuine", known_at=None)
    assert [f.what for f in check([protected])] == ["protected, and lewd"]
    said = CorpusTurn(CALLER, "这是一句每次都要说的话", Act.LEWD)
    copies = [replace(CALL, id=f"c{n}", turns=(said,), known_at=1) for n in range(4)]
    assert any("in 4 calls" in f.what for f in check(copies))
    heard = replace(copies[0], id="c4", turns=(CorpusTurn(CALLER, "这四一句没次都要说得话", Act.LEWD),))
    assert any("in 4 calls" in f.what for f in check([*copies[1:], heard])), "as it sounds, however it is written"
    told = replace(CALL, known_at=1)
    assert [f.what for f in check([told])] == ["known at turn 1, an agent's"]
    assert [f.what for f in check([replace(CALL, known_at=3)])] == ["known at turn 3 of 2"]
    assert [f.what for f in check([CALL, CALL])] == ["stands 2 times"]


def test_every_kind_has_acts_without_which_a_call_is_none_of_it() -> None:
    assert set(NEEDED) == {*Kind} - {Kind.SILENT}
    business = replace(CALL, turns=(CALL.turns[0], CorpusTurn(CALLER, "我查话费", Act.BUSINESS)))
    for kind in NEEDED:
        told = [f.what for f in check([replace(business, label=kind.value)])]
        assert len(told) == 1 and told[0].startswith(f"{kind.value} without "), kind


def said(call: str, hand: str, *texts: str) -> CorpusCall:
    return CorpusCall(call, hand, "genuine", tuple(CorpusTurn(CALLER, text, Act.BUSINESS) for text in texts))


def test_a_hand_that_copies_another_is_found_and_none_may() -> None:
    words = "家里的水管昨天夜里忽然裂了一条缝你们能不能派个师傅"
    own = "我孩子的学籍一直没有转过来想问问材料交到哪个窗口"
    third = "隔壁装修的灰尘落在我晒的被子上面想投诉物业不管事"
    honest = [said("a-1", "a", words), said("b-1", "b", own), said("c-1", "c", third)]
    assert [*check(honest)] == [] and excess([], honest) == []
    copied = [*honest, *(said(f"d-{n}", hand, words) for n, hand in enumerate(("d", "d2")))]
    found = list(check([*copied, said("e-1", "e", own[::-1])]))
    assert {f.fault for f in found} == {Fault.COPIED}
    assert excess(found, copied) == ["3 pairs of hands that copy"]


def test_a_song_that_two_hands_sing_is_one_phrase() -> None:
    song = "大河向东流哇天上的星星参北斗哇说走咱就走哇你有我有全都有哇"
    calls = [said("a-1", "a", song), said("b-1", "b", song, "我孩子的学籍一直没有转过来想问问")]
    ((count, share),) = shared(calls).values()
    assert count == 1 and share > 0.5, "however much of what they say it is"
    two = [
        call for hand in "ab" for call in (said(f"{hand}-1", hand, song[:14]), said(f"{hand}-2", hand, song[15:]))
    ]
    assert [count for count, _ in shared(two).values()] == [2]


def test_more_contradictions_than_are_allowed_are_too_many() -> None:
    calls = [replace(CALL, id=f"c{n}") for n in range(200)]
    wrong = [replace(call, known_at=1) for call in calls[:3]]
    two, three = ([f for call in wrong[:count] for f in check([call])] for count in (2, 3))
    assert excess(two, calls) == []
    assert excess(three, calls) == ["3 calls that contradict their label of 200"]


def test_the_corpus_and_the_hands_kept_apart_have_no_more_faults_than_are_allowed(
    corpus: list[CorpusCall], kept: list[CorpusCall], in_common: InCommon
) -> None:
    every = [*corpus, *kept]
    assert excess(check(every, in_common), every) == []


def test_the_command_fails_where_a_file_copies_a_hand_kept_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside two hands alone, since all of them take long."""
    few = {folder: list(read_hand(folder / f"{hand}.jsonl.gz")) for folder, hand in SMALL.items()}
    monkeypatch.setattr(program, "read_corpus", lambda folder=FOLDER: few[folder])
    good = CliRunner().invoke(program.main, ["check"])
    assert (good.exit_code, "2 hands" in good.output) == (0, True), good.output
    copies = [replace(call, id=f"copy-{call.id}", hand="copy") for call in few[KEPT][:50]]
    write_hand(copies, tmp_path / "copy.jsonl.gz")
    bad = CliRunner().invoke(program.main, ["check", str(tmp_path / "copy.jsonl.gz")])
    assert bad.exit_code == 1 and "more than is allowed: 1 pairs of hands that copy" in bad.output


SMALL = {FOLDER: "hand04", KEPT: "hand157"}


def test_every_hand_is_in_one_group(corpus: list[CorpusCall]) -> None:
    groups = grouped(corpus, 5)
    assert sorted(hand for group in groups for hand in group) == sorted(h.name for h in hands())


def test_hands_kept_apart_are_whole_and_no_net_heard_them(corpus: list[CorpusCall]) -> None:
    kept = read_corpus(KEPT)
    model = load_acts(config_folder() / "acts.bin")
    heard = {call.hand for call in corpus} | set(chain.from_iterable(model.left_out))
    assert {call.hand for call in kept} == {hand.name for hand in hands(KEPT)}
    assert not {call.hand for call in kept} & heard, "a hand of the model is kept apart"
    assert all(len(model.unheard(hand.name).nets) == len(model.nets) for hand in hands(KEPT))
    assert {call.label for call in kept} == {*LABELS}
    assert sum(call.is_harassment for call in kept) < len(kept) / 2


def test_of_hands_kept_apart_it_is_known_whose_callers_a_machine_answers() -> None:
    calls = read_corpus(KEPT)
    answered = {hand.name for hand in hands(KEPT) if hand.in_path}
    one_each = list(
        {call.hand: call for call in calls if call.hand in {*sorted(answered)[:1], "hand153"}}.values()
    )
    judgement = load_judgement(JudgementSection(), Path(), syllables, None)
    assert {t.call.hand: t.in_path for t in told(one_each, judgement)} == {
        c.hand: c.hand in answered for c in one_each
    }
    assert len(one_each) == 2
