"""Messages of the manager interface in the very shape that Asterisk 22 gives them (read off a running one)."""

HANGUP_CAUSE = {"Cause": "16", "Cause-txt": "Normal Clearing"}
NOT_CONNECTED = "<unknown>"


def channel(
    name: str,
    uniqueid: str,
    linkedid: str,
    number: str = NOT_CONNECTED,
    caller_name: str = NOT_CONNECTED,
    state: str = "6",
    dest: str = "",
) -> dict[str, str]:
    """The block that describes a channel; `dest` stands before each name for the channel that is called."""
    block = {
        "Channel": name, "ChannelState": state, "ChannelStateDesc": {"4": "Ring", "6": "Up"}.get(state, "Down"),
        "CallerIDNum": number, "CallerIDName": caller_name, "ConnectedLineNum": NOT_CONNECTED,
        "ConnectedLineName": NOT_CONNECTED, "Language": "en", "AccountCode": "", "Context": "from-screener",
        "Exten": "agents", "Priority": "2", "Uniqueid": uniqueid, "Linkedid": linkedid,
    }  # fmt: skip
    return {dest + key: value for key, value in block.items()}


class Talk:
    """A caller and an agent, as the PBX tells of them."""

    def __init__(
        self,
        caller: str = "PJSIP/trunk-1",
        agent: str = "PJSIP/agent1-2",
        caller_id: str = "17.1",
        agent_id: str = "17.2",
        number: str = "13900001111",
        queue: str = "agents",
    ) -> None:
        self.queue, self.agent = queue, agent
        self._caller = channel(caller, caller_id, caller_id, number)
        self._agent = channel(agent, agent_id, caller_id)
        self._dest = channel(agent, agent_id, caller_id, dest="Dest")

    def connect(self) -> dict[str, str]:
        """`AgentConnect`."""
        member = self.agent.rpartition("-")[0]
        end = {"Queue": self.queue, "Interface": member, "MemberName": member, "HoldTime": "0", "RingTime": "0"}
        return {"Event": "AgentConnect", "Privilege": "agent,all", **self._caller, **self._dest, **end}

    def answered(self) -> dict[str, str]:
        """`DialEnd`."""
        return {"Event": "DialEnd", "Privilege": "call,all", **self._caller, **self._dest, "DialStatus": "ANSWER"}

    def hangup(self, who: str = "caller") -> dict[str, str]:
        """`Hangup` of either end."""
        ended = self._caller if who == "caller" else self._agent
        return {"Event": "Hangup", "Privilege": "call,all", **ended, **HANGUP_CAUSE}

    def statuses(self) -> list[dict[str, str]]:
        """What `Status` answers of the two."""
        return [
            {"Event": "Status", "Privilege": "Call", **block, "Type": "PJSIP", "DNID": "", "BridgeID": "b",
             "Application": application, "Data": data, "Seconds": "3"}
            for block, application, data in (
                (self._caller, "Queue" if self.queue else "Dial", self.queue or self.agent),
                (self._agent, "AppQueue" if self.queue else "AppDial", "(Outgoing Line)"),
            )
        ]  # fmt: skip


def said(event: str, agent: str, secret: str, call: str = "") -> dict[str, str]:
    """A user event, as a dialplan or a program of the site sends it."""
    fields = {"Event": "UserEvent", "Privilege": "user,all", "UserEvent": event, "Secret": secret, "Agent": agent}
    return fields | ({"Call": call} if call else {})
