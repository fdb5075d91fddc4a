import pytest

from screener.errors import SipParseError
from screener.events import CallAnswered, CallEnded, EndedBy
from screener.sip.message import respond
from screener.sip.replaces import Replaces
from tests.sip.caller import Caller, Desk
from tests.sip.test_machines import request

NAMED = Replaces("abc@x", "ours", "theirs")


def test_header_and_value():
    assert Replaces.of(request(Replaces=str(NAMED))) == NAMED
    assert Replaces.of(request(Replaces="abc@x ; from-tag=theirs;to-tag=ours;early-only")).early_only
    assert Replaces.of(request()) is None


@pytest.mark.parametrize("value", ["", "abc", "abc;to-tag=1", ";to-tag=1;from-tag=2"])
def test_what_names_no_dialog(value):
    with pytest.raises(SipParseError):
        Replaces.of(request(Replaces=value))


@pytest.fixture
def desk():
    desk = Desk()
    yield desk
    desk.stop()


def test_an_attended_transfer_brings_the_caller_in_the_agents_place(desk):
    agent = Caller(desk.agent.port, dialled="900", number="801")
    agent.call()
    desk.event(CallAnswered)
    desk.call()
    caller = Caller(desk.agent.port, dialled="100")  # as the agent's Contact said
    tag = agent.to.partition("tag=")[2]
    wanted = Replaces(agent.call_id, tag, "caller")
    assert caller.call(Replaces=str(wanted), Require="replaces").status == 200
    call = desk.call()
    assert (call.invite.dialled, call.invite.number, call.invite.referred_by) == ("900", "13800138000", "801")
    agent.send(respond(agent.wait_request("BYE"), 200))
    assert desk.event(CallEnded).by is EndedBy.SCREENER
    assert caller.hear(3)
    assert caller.ask("BYE").status == 200


@pytest.mark.parametrize("tag", ["wrong", ""])
def test_a_dialog_that_is_not_known_is_not_replaced(desk, tag):
    agent = Caller(desk.agent.port, dialled="900")
    agent.call()
    caller = Caller(desk.agent.port)
    wanted = f"{agent.call_id};to-tag={tag or agent.to.partition('tag=')[2]};from-tag=nobody"
    assert caller.call(Replaces=wanted).status == 481
    assert agent.ask("OPTIONS").status == 200
    assert caller.call(Replaces="nonsense").status == 400
