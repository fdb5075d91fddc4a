"""Each call of the demo, as words perfectly heard, is judged by the shipped judgement as its script says."""

from zoneinfo import ZoneInfo

import pytest

from screener.core.evidence import Verdict
from screener.demo.script import ScriptedCall, load_script
from tests.core.helpers import Line, offer, shipped

SCRIPT = load_script()
PATIENCE = 30.0


@pytest.mark.parametrize("call", SCRIPT.call, ids=lambda call: call.name)
def test_the_shipped_judgement_says_what_the_script_says(call: ScriptedCall) -> None:
    local = SCRIPT.moment(call)
    offered = offer(started_at=local.astimezone(ZoneInfo("UTC")), local_time=local)
    line = Line(judgement=shipped(), offered=offered).begin().wait(2.0)
    for said in call.says:
        line.wait(said.pause).say(said.text)
    line.wait(PATIENCE)
    decision = line.decisions[-1]
    assert decision.verdict is call.verdict
    if call.verdict is Verdict.HARASSMENT:
        assert decision.kind is call.kind
