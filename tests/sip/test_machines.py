"""Transactions, dialogs, registration and digest: time passes only where a test says so."""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screener.errors import SipParseError
from screener.settings.sections import Registrar
from screener.sip.dialog import Dialog
from screener.sip.digest import Challenge, authorize, strongest, verify
from screener.sip.guard import WATCH_SECONDS, Allowed, Authenticator, Rate, Readable, Watch
from screener.sip.message import Headers, Request, parse, respond
from screener.sip.refer import refer, sipfrag_status
from screener.sip.registration import RETRY, Registration
from screener.sip.transaction import LIFE, T1, T2, ClientTransaction, ServerTransaction, invite_key, server_key


def request(method="INVITE", cseq=1, branch="z9hG4bK1", **extra):
    headers = Headers([
        ("Via", f"SIP/2.0/UDP 192.0.2.1:5060;branch={branch}"), ("From", "<sip:a@192.0.2.1>;tag=f"),
        ("To", "<sip:100@192.0.2.2>"), ("Call-ID", "c1"), ("CSeq", f"{cseq} {method}"),
        ("Contact", "<sip:a@192.0.2.1:5070>"),
        *((name.replace("_", "-"), value) for name, value in extra.items()),
    ])  # fmt: skip
    return Request(headers, b"", method, "sip:100@192.0.2.2")


def resent(transaction, until, step=0.01):
    """When a transaction sends again."""
    times, now = [], 0.0
    while now < until and not transaction.ended:
        now = round(now + step, 4)
        if transaction.poll(now):
            times.append(now)
    return times


def test_a_2xx_is_resent_at_timer_g_and_given_up_at_timer_h():
    transaction = ServerTransaction(request())
    assert transaction.repeated() is None
    transaction.respond(respond(request(), 200), 0.0)
    assert resent(transaction, 40)[:6] == pytest.approx([0.5, 1.5, 3.5, 7.5, 11.5, 15.5], abs=0.02)
    assert transaction.ended
    assert transaction.timed_out


def test_ack_ends_the_resending_and_late_invites_are_still_absorbed():
    transaction = ServerTransaction(request())
    data = transaction.respond(respond(request(), 486), 0.0)
    transaction.acknowledge(0.2)
    assert resent(transaction, 4.0) == []
    assert transaction.repeated() == data
    assert not transaction.ended
    transaction.poll(10)
    assert transaction.ended
    assert not transaction.timed_out


def test_other_responses_wait_to_be_asked_for():
    transaction = ServerTransaction(request("BYE"))
    transaction.respond(respond(request("BYE"), 200), 0.0)
    assert resent(transaction, LIFE + 1) == []
    assert transaction.ended
    assert not transaction.timed_out


def test_a_request_of_ours_is_resent_at_timer_e_until_timer_f():
    transaction = ClientTransaction(request("BYE"), 0.0)
    times = resent(transaction, 40)
    assert times[:5] == pytest.approx([0.5, 1.5, 3.5, 7.5, 11.5], abs=0.02)
    assert transaction.timed_out
    assert times[-1] < LIFE


@given(st.lists(st.sampled_from([100, 180, 200, 404, 200]), max_size=6), st.floats(0.01, 1.0))
def test_exactly_one_final_response_is_handed_on(statuses, pause):
    transaction, now, handed = ClientTransaction(request("REFER"), 0.0), 0.0, 0
    for status in statuses:
        now += pause
        handed += transaction.receive(respond(request("REFER"), status), now)
        assert transaction.poll(now + T2) is None or not handed
    assert handed == any(status >= 200 for status in statuses)


def test_keys():
    assert server_key(request("ACK")) == server_key(request())
    assert invite_key(request("CANCEL")) == server_key(request())
    assert server_key(request("CANCEL")) != server_key(request()), "a CANCEL is a transaction of its own"
    assert server_key(request(branch="z9hG4bK2")) != server_key(request())
    assert server_key(request(branch="old", cseq=1)) != server_key(request(branch="old", cseq=2)), "RFC 2543 peers"
    assert T1 == 0.5


def dialog(**extra):
    return Dialog.of_invite(request(**extra), "mine")


def test_requests_of_ours_go_to_the_contact_with_rising_numbers():
    ours = dialog()
    first, second = ours.request("REFER"), ours.request("BYE")
    assert (first.uri, first.cseq, second.cseq) == ("sip:a@192.0.2.1:5070", (1, "REFER"), (2, "BYE"))
    assert (first.from_.tag, first.to.tag) == ("mine", "f")
    assert ours.next_hop().port == 5070


def test_routes():
    loose = dialog(Record_Route="<sip:p1;lr>, <sip:p2;lr>")
    bye = loose.request("BYE")
    assert (bye.uri, bye.headers.all("Route")) == ("sip:a@192.0.2.1:5070", ["<sip:p1;lr>", "<sip:p2;lr>"])
    assert loose.next_hop().host == "p1"
    strict = dialog(Record_Route="<sip:p1>, <sip:p2;lr>").request("BYE")
    assert (strict.uri, strict.headers.all("Route")) == ("sip:p1", ["<sip:p2;lr>", "<sip:a@192.0.2.1:5070>"])


def test_numbers_of_the_peer_must_rise_and_a_new_contact_counts():
    ours = dialog()
    again = request("INVITE", 2)
    again.headers.replace("Contact", ["<sip:moved@192.0.2.7>"])
    assert ours.accept(again)
    assert ours.remote_target == "sip:moved@192.0.2.7"
    assert not ours.accept(request("BYE", 2))
    assert ours.accept(request("BYE", 9))


@pytest.mark.parametrize("contact", ["*", "<sip:a@b>, <sip:c@d>", "nonsense"])
def test_an_invite_without_one_contact_makes_no_dialog(contact):
    wrong = request()
    wrong.headers.replace("Contact", [contact])
    with pytest.raises(SipParseError):
        Dialog.of_invite(wrong, "mine")


def test_refer_and_its_notify():
    asked = refer(dialog(), "sip:agents@pbx", "sip:100@me", marked=False)
    assert asked.headers.get("Refer-To") == "<sip:agents@pbx>"
    assert "Priority" not in asked.headers
    note = request("NOTIFY", Content_Type="message/sipfrag;version=2.0")
    assert sipfrag_status(Request(note.headers, b"SIP/2.0 503 Nope", "NOTIFY", note.uri)) == 503
    assert sipfrag_status(Request(note.headers, b"garbage", "NOTIFY", note.uri)) is None


def registration(now=0.0):
    registrar = Registrar("192.0.2.9", "screener", password="secret", expires=100)
    return Registration(registrar, "secret", "sip:screener@192.0.2.2:5060", random.Random(1), now)


def challenged(asked, status=401, **how):
    response = respond(asked, status)
    name = "WWW-Authenticate" if status == 401 else "Proxy-Authenticate"
    response.headers.add(name, Challenge("pbx", "n1", **how).serialize())
    return response


@pytest.mark.parametrize("status", [401, 407])
@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_registration_answers_the_challenge_and_refreshes(status, algorithm):
    with_pbx = registration()
    asked = with_pbx.poll(0.0)
    assert with_pbx.poll(5.0) is None, "one request at a time"
    again = with_pbx.receive(challenged(asked, status, algorithm=algorithm, qop=True), 0.1)
    header = "Authorization" if status == 401 else "Proxy-Authorization"
    challenge = Challenge("pbx", "n1", algorithm, qop=True)
    assert verify(again.headers.get(header), challenge, {"screener": "secret"}, "REGISTER", again.uri)
    assert again.cseq[0] == asked.cseq[0] + 1
    granted = respond(again, 200)
    granted.headers.add("Contact", "<sip:other@192.0.2.3>;expires=9, <sip:screener@192.0.2.2:5060>;expires=40")
    assert with_pbx.receive(granted, 0.2) is None
    assert with_pbx.state().registered
    assert 0.2 + 24 <= with_pbx.deadline <= 0.2 + 32
    assert with_pbx.poll(24.0) is None
    assert with_pbx.poll(40.0) is not None


def test_a_refused_password_is_said_and_not_tried_in_a_loop():
    with_pbx = registration()
    again = with_pbx.receive(challenged(with_pbx.poll(0.0)), 0.0)
    assert with_pbx.receive(challenged(again), 0.0) is None
    assert not with_pbx.state().registered
    assert "password" in with_pbx.state().problem
    assert with_pbx.deadline >= 1.0


def test_a_silent_pbx_is_asked_ever_more_rarely_and_found_again():
    with_pbx, now, pauses = registration(), 0.0, []
    for _ in range(12):
        assert with_pbx.poll(now) is not None
        with_pbx.timed_out(now)
        pauses.append(with_pbx.deadline - now)
        now = with_pbx.deadline
    assert pauses[0] <= 2
    assert RETRY.longest / 2 <= pauses[-1] <= RETRY.longest
    with_pbx.receive(respond(with_pbx.poll(now), 200), now)
    assert with_pbx.state().registered
    assert with_pbx.deregister().headers.get("Expires") == "0"
    assert not with_pbx.state().registered


def test_a_binding_goes_where_the_nonce_has_grown_old():
    """Asterisk's are good for 32 seconds: who leaves later is asked for the password anew."""
    with_pbx = registration()
    with_pbx.receive(respond(with_pbx.receive(challenged(with_pbx.poll(0.0)), 0.0), 200), 0.1)
    asked = with_pbx.deregister()
    again = with_pbx.receive(challenged(asked, stale=True), 40.0)
    assert again.headers.get("Expires") == "0"
    assert again.headers.get("Contact").endswith(";expires=0")
    assert with_pbx.receive(respond(again, 200), 40.1) is None
    assert not with_pbx.state().registered
    assert with_pbx.poll(1e6) is None, "it does not come back"


def test_who_leaves_while_a_request_is_on_its_way_leaves_when_it_is_answered():
    with_pbx = registration()
    asked = with_pbx.poll(0.0)
    assert with_pbx.deregister() is None
    away = with_pbx.receive(respond(asked, 200), 0.1)
    assert away.headers.get("Expires") == "0"
    assert with_pbx.receive(respond(away, 503), 0.2) is None
    assert with_pbx.poll(1e6) is None


def test_too_short_an_interval_is_asked_for_longer():
    with_pbx = registration()
    brief = respond(with_pbx.poll(0.0), 423)
    brief.headers.add("Min-Expires", "1800")
    assert with_pbx.receive(brief, 0.0).headers.get("Expires") == "1800"


def test_digest_of_the_rfc():
    """RFC 7616 3.9.1."""
    values = {
        "MD5": "8ca523f5e9506fed4657c9700eebdbec",
        "SHA-256": "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
    }
    for algorithm, proof in values.items():
        challenge = Challenge(
            "http-auth@example.org", "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", algorithm, qop=True
        )
        cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
        value = authorize(challenge, "Mufasa", "Circle of Life", "GET", "/dir/index.html", cnonce=cnonce)
        assert proof in value
        assert verify(value, challenge, {"Mufasa": "Circle of Life"}, "GET", "/dir/index.html") == 1
        assert not verify(value, challenge, {"Mufasa": "circle of life"}, "GET", "/dir/index.html")
        assert not verify(value, challenge, {"Mufasa": "Circle of Life"}, "POST", "/dir/index.html")
        assert not verify(value, challenge, {"Mufasa": "Circle of Life"}, "GET", "/other.html")


def test_the_strongest_challenge_that_is_spoken_here():
    start = 'Digest realm="a",nonce="n",algorithm='
    offered = [f"{start}MD5", f'{start}SHA-256,qop="auth"', f"{start}SHA-512-256", "Basic x"]
    assert strongest(offered).algorithm == "SHA-256"
    assert strongest(offered[2:]) is None


def test_who_is_allowed():
    allowed = Allowed(("192.0.2.0/24", "2001:db8::1", "localhost"))
    assert all(host in allowed for host in ("192.0.2.77", "2001:db8::1", "127.0.0.1"))
    assert not any(host in allowed for host in ("192.0.3.1", "2001:db8::2", "nonsense"))


def test_the_authenticator_opens_for_its_own_fresh_nonce_only():
    door = Authenticator("pbx", "word", "here")
    asked = door.challenge(request(), 1000.0)

    def knock(challenge, password, now):
        value = authorize(challenge, "pbx", password, "INVITE", "sip:100@192.0.2.2", cnonce="c")
        return door.challenge(request(Authorization=value), now)

    assert knock(asked, "word", 1001.0) is None
    assert knock(asked, "guess", 1001.0) is not None
    assert knock(asked, "word", 2000.0).stale
    assert knock(Challenge("here", "1001.forged", qop=True), "word", 1001.0) is not None
    assert Authenticator("", "", "here").challenge(request(), 0.0) is None


def test_so_many_a_second_and_twice_as_many_at_once():
    rate = Rate(10)
    assert [rate.allows(("a", 5060), 0.0) for _ in range(21)] == [True] * 20 + [False]
    assert rate.allows(("b", 5060), 0.0), "each source has its own"
    assert [rate.allows(("a", 5060), 0.5) for _ in range(6)] == [True] * 5 + [False]


PBX, ELSEWHERE, ON_ITS_HOST = ("192.0.2.1", 5060), ("192.0.2.2", 5060), ("192.0.2.1", 5099)


@given(
    st.lists(
        st.tuples(st.sampled_from([PBX, ON_ITS_HOST, ("192.0.2.1", 6000)]), st.booleans(), st.floats(0, 0.05)),
        max_size=300,
    )
)
def test_whatever_floods_so_much_is_read_of_it_and_all_of_calls_and_of_others(messages):
    readable, now = Readable(Rate(10, [PBX]), Rate(3)), 0.0
    read, next_of_ours = Counter(), 0.0
    call = {method: f"{method} sip:a@b SIP/2.0\r\nCall-ID: live\r\n\r\n".encode() for method in ("INFO", "BYE")}
    calls = {"live", "loud"}
    for source, loud, pause in messages:
        now += pause
        flood = b"OPTIONS sip:a@b SIP/2.0\r\ni: " + (b"loud" if loud else b"any") + b"\r\n\r\n"
        read["loud" if loud else source[1] == 5060] += readable(flood, source, calls, now)
        if now >= next_of_ours:
            next_of_ours = now + 1 / 6
            assert readable(call["INFO"], source, calls, now)
            assert readable(call["BYE"], source, calls, now)
            assert readable(flood.replace(b"loud", b"any"), ELSEWHERE, calls, now)
    most = 2 * 10 * (2 + now)
    assert read[True] <= most, "the PBX's own port"
    assert read[False] <= most, "all other ports of its host together"
    assert read["loud"] <= 2 * 3 * (2 + now), "one call"


def test_of_a_flood_that_never_ends_twice_the_rate_is_read():
    readable = Readable(Rate(10), Rate(3))
    read = [readable(b"OPTIONS sip:a@b SIP/2.0\r\ni: any\r\n\r\n", PBX, (), n / 1000) for n in range(10_000)]
    assert sum(read[:1000]) == 40 + 19
    assert sum(read[1000:]) == 180


def test_the_goodbye_of_a_call_that_floods_is_read():
    readable = Readable(Rate(10), Rate(3))
    info, bye = (f"{method} sip:a@b SIP/2.0\r\ni: live\r\n\r\n".encode() for method in ("INFO", "BYE"))
    assert sum(readable(info, PBX, {"live"}, 0.0) for _ in range(100)) == 12
    assert sum(readable(bye, PBX, {"live"}, 0.0) for _ in range(100)) == 12, "and of goodbyes without end so many"


def test_a_misdeed_is_told_once_a_minute(caplog):
    watch = Watch()
    for n in range(1000):
        watch.note("192.0.2.66", "knocks", n / 10)
    assert [record.getMessage() for record in caplog.records] == [
        "192.0.2.66: knocks (1 so far)",
        f"192.0.2.66: knocks ({WATCH_SECONDS * 10 + 1:.0f} so far)",
    ]


def test_over_tcp_only_the_2xx_is_sent_again():
    for status, times in ((486, []), (200, [0.5, 1.5, 3.5])):
        transaction = ServerTransaction(request(), reliable=True)
        transaction.respond(respond(request(), status), 0.0)
        assert resent(transaction, 5) == pytest.approx(times, abs=0.02)
    bye = ClientTransaction(request("BYE"), 0.0, reliable=True)
    assert resent(bye, 40) == []
    assert bye.timed_out


def test_serialized_requests_read_back():
    sent = dialog().request("BYE")
    assert parse(sent.serialize()).headers.lines[:-1] == sent.headers.lines
