"""Pauses of agents: begun in every queue, ended by themselves, with one look waited for, however many they are."""

from collections.abc import Callable, Iterator

from screener.pbx.ami import AmiResponse
from screener.pbx.pauses import AGAIN_SECONDS, QueuePauses


class FakePbx:
    """A connection to a PBX that has queues and a clock, and does at once what it is asked."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.up = True
        self.paused: dict[str, str] = {}
        """Reason by interface."""
        self.members = [f"PJSIP/{agent}" for agent in range(8001, 8009)]
        self.waiting: list[tuple[float, Callable[[], object]]] = []

    def ask(self, action: dict[str, str], done: Callable[[AmiResponse], None] | None = None) -> None:
        parts: tuple[dict[str, str], ...] = ()
        if self.up and action["Action"] == "QueueStatus":
            parts = tuple(self._member(interface) for interface in self.members)
        elif self.up and action["Paused"] == "true":
            self.paused[action["Interface"]] = action["Reason"]
        elif self.up:
            del self.paused[action["Interface"]]
        if done is not None:
            done(AmiResponse(self.up, "", parts))

    def _member(self, interface: str) -> dict[str, str]:
        reason = self.paused.get(interface, "")
        return {
            "event": "QueueMember", "queue": "agents", "location": interface, "paused": "1" if reason else "0",
            "pausedreason": reason,
        }  # fmt: skip

    def later(self, seconds: float, what: Callable[[], object]) -> None:
        self.waiting.append((self.now + seconds, what))

    def go(self, until: float) -> Iterator[int]:
        """Time goes by; how many looks are waited for after each."""
        while self.waiting and (due := min(at for at, _ in self.waiting)) <= until:
            self.now = due
            number = next(n for n, (at, _) in enumerate(self.waiting) if at == due)
            self.waiting.pop(number)[1]()
            yield len(self.waiting)
        self.now = until


def pauses_of(pbx: FakePbx) -> QueuePauses:
    return QueuePauses(pbx, lambda: pbx.now)  # type: ignore[arg-type]


def test_a_pause_ends_by_itself():
    pbx, begun = FakePbx(), []
    pauses_of(pbx).begin("8001", 60.0, begun.append)
    assert begun == [True] and list(pbx.paused) == ["PJSIP/8001"]
    list(pbx.go(pbx.now + 59))
    assert pbx.paused
    list(pbx.go(pbx.now + 2))
    assert not pbx.paused


def test_many_pauses_at_once_do_not_breed_looks():
    pbx = FakePbx()
    pauses = pauses_of(pbx)
    most = 0
    for number in range(400):  # somebody begins one every ten seconds; six of them are paused at any time
        pauses.begin(str(8001 + number % 8), 60.0, lambda _ok: None)
        most = max([most, *pbx.go(pbx.now + 10)])
    assert most <= 8
    list(pbx.go(pbx.now + 120))
    assert not pbx.paused and not pbx.waiting


def test_a_pbx_that_is_away_just_then_is_asked_again():
    pbx = FakePbx()
    pauses_of(pbx).begin("8001", 60.0, lambda _ok: None)
    pbx.up = False
    list(pbx.go(pbx.now + 61))
    pbx.up = True
    list(pbx.go(pbx.now + AGAIN_SECONDS))
    assert not pbx.paused


def test_who_was_paused_by_somebody_else_is_left_alone():
    pbx = FakePbx()
    pbx.paused["PJSIP/8002"] = "lunch"
    pauses_of(pbx).begin("8001", 60.0, lambda _ok: None)
    list(pbx.go(pbx.now + 120))
    assert pbx.paused == {"PJSIP/8002": "lunch"}
