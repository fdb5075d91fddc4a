"""deploy/siprec: its settings are loaded, and its receiver is asked by the real sender."""

import queue
import runpy
import shutil
import threading
from dataclasses import replace
from pathlib import Path

from screener.settings.load import load
from screener.settings.sections import Webhook
from screener.webhook.message import Disposition, FlagAnswer
from screener.webhook.sender import Sender
from tests.waiting import WAIT
from tests.webhook.test_message import FLAG

FOLDER = Path(__file__).parents[2] / "deploy/siprec"
ASKS = replace(FLAG, act="analysis_queue", to="sip:analysis@192.0.2.10")


def test_the_settings_are_taken(tmp_path: Path) -> None:
    shutil.copy(FOLDER / "screener.toml", tmp_path)
    (tmp_path / "webhook.secret").write_text("s3cret\n")
    settings = load(tmp_path / "screener.toml")
    assert (settings.sip.recording_extension, settings.webhook.secret) == ("siprec", "s3cret")
    assert settings.siprec.agents == ("8*", "7301")


def ask(secret: str, moved: bool) -> tuple[FlagAnswer, list[str]]:
    receiver = runpy.run_path(str(FOLDER / "receiver.py"))
    asked: list[str] = []

    def move(flag: dict[str, str]) -> bool:
        asked.append(flag["to"])
        return moved

    receiver["answer"].__globals__["move"] = move
    server = receiver["serve"]("s3cret", 0)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    answers: queue.Queue[FlagAnswer] = queue.Queue()
    sender = Sender(Webhook(f"http://127.0.0.1:{server.server_address[1]}/", secret, tries=1), Path())
    try:
        for _ in range(2):
            sender.post(ASKS, answers.put)
        first, again = answers.get(timeout=WAIT), answers.get(timeout=WAIT)
        assert first == again
        return again, asked
    finally:
        sender.stop()
        server.shutdown()
        server.server_close()


def test_the_receiver_moves_once_and_says_so() -> None:
    assert ask("s3cret", moved=True) == (FlagAnswer(Disposition.MOVED, "router"), [ASKS.to])
    assert ask("s3cret", moved=False) == (FlagAnswer(Disposition.STAYS, "router"), [ASKS.to])


def test_the_receiver_believes_nobody_without_the_secret() -> None:
    assert ask("guessed", moved=True) == (FlagAnswer(Disposition.STAYS), [])
