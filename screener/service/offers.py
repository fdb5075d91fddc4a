"""What is known of a call when it begins: from its INVITE, or from the phone system that it is heard beside."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from screener.calls.listened import ListenedCall
from screener.events import Caller, CallOffered, Entrance
from screener.numbers.identify import Lines
from screener.ports import InviteInfo, user_of
from screener.settings.sections import Settings


class Offers:
    """Makes the first event of each call; from any thread.

    Args:
        settings: validated.
        lines: the site's own, and the operator's.
        clock: the wall clock, aware UTC.
    """

    def __init__(self, settings: Settings, lines: Lines, clock: Callable[[], datetime]) -> None:
        self._settings, self._lines, self._clock = settings, lines, clock
        self._zone = ZoneInfo(settings.site.timezone)

    def dialled(self, invite: InviteInfo) -> CallOffered:
        """A call that was sent to us: in path, or handed over by an agent, who is in Referred-By."""
        sip = self._settings.sip
        by_hand = invite.dialled == sip.analysis_extension

        def said(header: str) -> str:
            return invite.headers.get(header.lower(), "")

        dialled = said(sip.dialled_header) or ("" if by_hand else invite.first_dialled or invite.dialled)
        return replace(
            self._offer(invite),
            entrance=Entrance.BY_HAND if by_hand else Entrance.IN_PATH,
            dialled=self._lines.normal(dialled),
            queue=said(sip.queue_header) or ("" if by_hand else user_of(self._settings.targets.agents)),
            agent=invite.referred_by if by_hand else "",
            uniqueid=said(sip.uniqueid_header),
            linkedid=said(sip.linkedid_header),
        )

    def beside(self, call: ListenedCall) -> CallOffered:
        """A call that an agent has already."""
        who = call.parties
        return replace(
            self._offer(call.invite),
            entrance=Entrance.BESIDE,
            dialled="" if who.queue else who.agent,
            queue=who.queue,
            agent=who.agent,
            uniqueid=who.uniqueid,
            linkedid=who.linkedid,
        )

    def _offer(self, invite: InviteInfo) -> CallOffered:
        now = self._clock()
        return CallOffered(
            call_id=f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}",
            started_at=now,
            local_time=now.astimezone(self._zone),
            caller=Caller(number=invite.number, display_name=invite.display_name),
            referred_by=invite.referred_by,
        )
