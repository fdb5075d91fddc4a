"""Messages to a real HTTP server on loopback, or to none."""

import queue
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from screener.backoff import Backoff
from screener.settings.sections import Webhook
from screener.webhook import sender
from screener.webhook.message import Disposition, FlagAnswer, write_answer
from screener.webhook.sender import WAITING, Sender
from tests.waiting import WAIT
from tests.webhook.receiver import MOVED, Receiver
from tests.webhook.test_message import FLAG

SECRET = "s3cret"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver(SECRET)
    yield receiver
    receiver.close()


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "RETRY", Backoff(0.01, 0.01))


def ask(url: str, tries: int = 3, seconds: float = 5.0, secret: str = SECRET) -> tuple[FlagAnswer, Sender]:
    answers: queue.Queue[FlagAnswer] = queue.Queue()
    posts = Sender(Webhook(url, secret, tries=tries, timeout_seconds=seconds), Path())
    posts.post(FLAG, answers.put)
    try:
        return answers.get(timeout=WAIT), posts
    finally:
        posts.stop()


def test_a_flag_goes_out_signed_and_the_decision_comes_in(receiver: Receiver) -> None:
    answer, posts = ask(receiver.url)
    assert (answer, receiver.flags) == (FlagAnswer(Disposition.MOVED, "router"), [FLAG])
    assert {s.name: s.value for s in posts.samples()}["webhook_sent_total"] == 1


def test_a_busy_system_is_asked_again_and_the_message_is_the_same(receiver: Receiver) -> None:
    receiver.reply = lambda number: (503, b"") if number < 3 else MOVED
    assert ask(receiver.url)[0].decision is Disposition.MOVED
    assert receiver.flags == [FLAG] * 3


@pytest.mark.parametrize(("status", "asked"), [(500, 2), (429, 2), (400, 1), (404, 1), (302, 1)])
def test_the_tries_are_bounded_and_what_another_cannot_change_has_one(
    receiver: Receiver, status: int, asked: int
) -> None:
    receiver.reply = lambda _n: (status, b"")
    answer, posts = ask(receiver.url, tries=2)
    assert (answer.decision, len(receiver.flags)) == (Disposition.STAYS, asked)
    assert {s.name: s.value for s in posts.samples()}["webhook_failed_total"] == 1


def test_an_answer_that_is_none_leaves_the_caller(receiver: Receiver) -> None:
    receiver.reply = lambda _n: (200, b"<html>thanks</html>")
    assert ask(receiver.url)[0].decision is Disposition.STAYS
    receiver.reply = lambda _n: (200, b"x" * 100_000 + write_answer(FlagAnswer(Disposition.MOVED)))
    assert ask(receiver.url)[0].decision is Disposition.STAYS


def test_a_wrong_secret_is_refused_by_the_receiver(receiver: Receiver) -> None:
    assert ask(receiver.url, secret="guessed")[0].decision is Disposition.STAYS
    assert not receiver.flags


def test_nobody_there(receiver: Receiver) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and not listening
        answer, _ = ask(f"http://127.0.0.1:{taken.getsockname()[1]}/")
    assert answer.decision is Disposition.STAYS


def test_a_server_that_drips_is_cut_off() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        over = threading.Event()

        def drip() -> None:
            connection, _ = server.accept()
            with connection:
                while not over.wait(0.05):
                    try:
                        connection.sendall(b"H")
                    except OSError:
                        return

        threading.Thread(target=drip, daemon=True).start()
        answer, _ = ask(f"http://127.0.0.1:{server.getsockname()[1]}/", tries=1, seconds=0.3)
        over.set()
    assert answer.decision is Disposition.STAYS


def test_when_too_many_wait_the_caller_stays_and_nobody_is_held_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:  # takes connections and says nothing
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        posts = Sender(Webhook(url, SECRET, tries=1, timeout_seconds=20.0), Path())
        answers: queue.Queue[FlagAnswer] = queue.Queue()
        for _ in range(WAITING + 2):
            posts.post(FLAG, answers.put)
        assert answers.qsize() <= 2, "those that wait have no answer yet"
        assert answers.get(timeout=1).decision is Disposition.STAYS
        assert {s.name: s.value for s in posts.samples()}["webhook_dropped_total"] >= 1
        posts.stop()


def test_who_fails_at_an_answer_ends_no_other_s(receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    answers: queue.Queue[FlagAnswer] = queue.Queue()
    posts = Sender(Webhook(receiver.url, SECRET), Path())

    def fails(_answer: FlagAnswer) -> None:
        raise RuntimeError("a fault of ours")

    posts.post(FLAG, fails)
    posts.post(FLAG, answers.put)
    try:
        assert answers.get(timeout=WAIT).decision is Disposition.MOVED
    finally:
        posts.stop()
    assert any("webhook: a fault of ours" in line for line in caplog.messages)
