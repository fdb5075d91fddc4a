"""Listed curses and threats in calls as the shipped files judge them; how they add up is in `test_scoring`."""

from zoneinfo import ZoneInfo

import pytest

from screener.core.evidence import Verdict
from screener.core.flow import Flow
from screener.events import Caller, Speaker
from screener.replay.run import RecordedCall, Replayer, Turn
from screener.speech.pinyin import syllables
from tests.core.helpers import shipped

ANSWERS = ("您好请讲", "请您文明用语", "请问您有什么业务")


def verdict(*caller: str) -> Verdict:
    """Of a call whose agent says a word before each of the caller's."""
    turns = [
        turn
        for answer, said in zip(ANSWERS, caller, strict=False)
        for turn in (Turn(Speaker.AGENT, answer), Turn(Speaker.CALLER, said))
    ]
    replayer = Replayer(shipped(), Flow(), ZoneInfo("UTC"), lambda _: Caller(), syllables, None)
    return replayer.replay(RecordedCall("1", turns=tuple(turns))).decision.verdict


@pytest.mark.parametrize(
    "caller",
    [
        ("操你妈", "操你妈"),
        ("王八蛋", "王八蛋", "王八蛋"),
        ("给我滚", "都给我滚", "贱人"),
        ("我要砍死你", "信不信我砍死你"),
    ],
)
def test_who_only_curses_or_threatens_is_flagged(caller: tuple[str, ...]) -> None:
    assert verdict(*caller) is Verdict.HARASSMENT
    assert verdict(caller[0]) is not Verdict.HARASSMENT, "once is heard out"


@pytest.mark.parametrize(
    "caller",
    [
        ("操你妈快来人", "操你妈我爸晕倒了", "操你妈快点啊救命"),
        ("畜生", "你个畜生放开我", "救命"),
        ("他说弄死你", "他说杀你全家", "我前男友他知道你住哪他说的"),
        ("傻逼机器人", "转人工脑残系统", "人工狗日的机器"),
        ("等了一个小时傻逼", "等死我了垃圾东西", "没事了我就问问几点关门"),
        ("打死你", "打蚊子呢打死你打死你"),
        ("我知道你住哪", "楼下的老王知道你家在哪东西放门卫了"),
        ("傻逼我家宽带断了三天了", "你们就是一群傻逼", "傻逼公司什么时候来修"),
    ],
)
def test_who_needs_help_quotes_or_curses_at_something_else_is_not(caller: tuple[str, ...]) -> None:
    assert verdict(*caller) is not Verdict.HARASSMENT
