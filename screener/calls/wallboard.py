"""Tells the PBX what was found: user events for wallboards and agents' desktops, and lines for queue_log."""

from screener.core.actions import Action, Decided, Treated
from screener.core.evidence import URGENT, Decision, Verdict
from screener.events import CallEnded, CallOffered, Entrance, Event
from screener.pbx.switchboard import Switchboard


class Wallboard:
    """An observer; runs on the calls thread.

    Args:
        switchboard: the hand at the PBX.
        record: have flagged callers recorded.
    """

    def __init__(self, switchboard: Switchboard, *, record: bool = False) -> None:
        self._switchboard, self._record = switchboard, record
        self._recorded: set[str] = set()
        """Calls that are; each until it ends."""

    def observe(self, call_id: str, offer: CallOffered, item: Event | Action, _at: float) -> None:
        """See one event or action of a call."""
        beside = offer.entrance is Entrance.BESIDE
        match item:
            case Decided(decision) if decision.verdict in URGENT:
                self._switchboard.tell(_verdict(call_id, offer, decision))
                self._have_recorded(call_id, offer, decision)
            case Treated(treatment=treatment, done=False) if beside:
                what = f"{treatment}|{call_id}"
                self._switchboard.note(offer.queue or offer.agent, offer.uniqueid, offer.agent, what)
            case CallEnded():
                self._recorded.discard(call_id)
            case _:
                pass

    def _have_recorded(self, call_id: str, offer: CallOffered, decision: Decision) -> None:
        flagged = decision.verdict is Verdict.HARASSMENT and not decision.dry_run
        if self._record and flagged and call_id not in self._recorded:
            self._recorded.add(call_id)
            self._switchboard.record(offer.uniqueid)


def _verdict(call_id: str, offer: CallOffered, decision: Decision) -> dict[str, str]:
    """The fields of `ScreenerVerdict`, which deploy/asterisk/manager.conf describes."""
    return {
        "Verdict": decision.verdict,
        "Kind": decision.kind or "",
        "DryRun": "yes" if decision.dry_run else "no",
        "CallId": call_id,
        "CallerUniqueid": offer.uniqueid,
        "CallerLinkedid": offer.linkedid,
        "Agent": offer.agent,
        "Dialled": offer.dialled,
        "Queue": offer.queue,
    }
