"""SIPp's own caller, a peer that none of us wrote."""

import shutil
import subprocess

import pytest

from screener.events import CallAnswered, CallEnded, EndedBy, Target
from screener.ports import Destination
from tests.sip.caller import Desk
from tests.waiting import wait_for

pytestmark = pytest.mark.skipif(shutil.which("sipp") is None, reason="needs SIPp (Debian package sip-tester)")


def sipp(port, tmp_path, *options):
    command = ["sipp", f"127.0.0.1:{port}", "-s", "100", "-i", "127.0.0.1", "-nostdin", "-timeout", "30", *options]
    return subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=60, check=False)


def test_built_in_caller_twenty_calls(tmp_path):
    desk = Desk()
    done = sipp(desk.agent.port, tmp_path, "-sn", "uac", "-m", "20", "-r", "40", "-d", "300")
    assert done.returncode == 0, done.stdout[-3000:].decode("utf-8", "replace")
    for _ in range(20):
        desk.event(CallEnded)
    assert desk.agent.counts.offered == 20
    assert wait_for(lambda: len(desk.agent._media) == 0), "every port is given back"
    desk.stop()


TRANSFER = """<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE scenario SYSTEM "sipp.dtd">
<scenario name="transfer">
  <send retrans="500"><![CDATA[
INVITE sip:100@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
From: <sip:13900139000@[local_ip]>;tag=[call_number]
To: <sip:100@[remote_ip]>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:pbx@[local_ip]:[local_port]>
Max-Forwards: 70
Content-Type: application/sdp
Content-Length: [len]

v=0
o=- 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 0
]]></send>
  <recv response="100" optional="true"/>
  <recv response="180" optional="true"/>
  <recv response="200" rrs="true"/>
  <send><![CDATA[
ACK [next_url] SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
From: <sip:13900139000@[local_ip]>;tag=[call_number]
[last_To:]
Call-ID: [call_id]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0

]]></send>
  <recv request="REFER"/>
  <send><![CDATA[
SIP/2.0 202 Accepted
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:pbx@[local_ip]:[local_port]>
Content-Length: 0

]]></send>
  <send retrans="500"><![CDATA[
NOTIFY [next_url] SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
From: <sip:13900139000@[local_ip]>;tag=[call_number]
To: [$peer]
Call-ID: [call_id]
CSeq: 2 NOTIFY
Contact: <sip:pbx@[local_ip]:[local_port]>
Max-Forwards: 70
Event: refer
Subscription-State: terminated;reason=noresource
Content-Type: message/sipfrag;version=2.0
Content-Length: [len]

SIP/2.0 200 OK
]]></send>
  <recv response="200"/>
  <recv request="BYE"/>
  <send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
</scenario>
"""
KEEP_PEER = '<action><ereg regexp=".*" search_in="hdr" header="To:" assign_to="peer"/></action>'


def test_transfer(tmp_path):
    text = TRANSFER.replace(
        '<recv response="200" rrs="true"/>', f'<recv response="200" rrs="true">{KEEP_PEER}</recv>'
    )
    (tmp_path / "transfer.xml").write_text(text)
    desk = Desk()

    def offered(call):
        def on(event):
            if isinstance(event, CallAnswered):
                call.transfer(Destination(Target.AGENTS, "sip:agents@127.0.0.1"))
            desk.events.put(event)

        call.subscribe(on)
        call.answer()

    desk.agent._offers = offered
    done = sipp(desk.agent.port, tmp_path, "-sf", "transfer.xml", "-m", "3", "-r", "3")
    assert done.returncode == 0, done.stdout[-3000:].decode("utf-8", "replace")
    assert [desk.event(CallEnded).by for _ in range(3)] == [EndedBy.TRANSFER] * 3
    desk.stop()
