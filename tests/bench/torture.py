"""RFC 4475 against a running service, what was answered and what is asked: `python tests/bench/torture.py`.

The files are looked for beside the clone (`../shared/sip/rfc4475`); the project's own messages are always sent.
"""

import socket
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.bench.site import site
from tests.sip.caller import Caller
from tests.sip.torture import OWN, RFC, Torture

FILES = Path(__file__).parents[3] / "shared" / "sip" / "rfc4475"
WAIT = 0.4


def answers(data: bytes, port: int) -> list[int]:
    """Every status that came back."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(WAIT)
        sock.sendto(data, ("127.0.0.1", port))
        found = []
        try:
            while not found or found[-1] < 200:
                found.append(int(sock.recv(65535)[8:11]))
        except TimeoutError:
            pass
        return found


def table(title: str, messages: dict[str, tuple[Torture, bytes]], port: int) -> int:
    print(f"\n{title}")
    wrong = 0
    for name, (message, data) in messages.items():
        got = answers(data, port)
        final = got[-1] if got else 0
        fits = final in message.allowed
        wrong += not fits
        answered = " ".join(map(str, got)) or "nothing"
        print(f"  {name:34s} {answered:14s} {'fits' if fits else 'WRONG':6s} {message.asks}")
    return wrong


def main() -> None:
    wrong = 0
    own = {name: (message, message.data) for name, message in OWN.items()}
    with site() as service:
        wrong += table("Own messages", own, service.port)
        call(service.port)
    if not FILES.exists():
        print(f"\nno {FILES}: the files of the RFC are left out")
    else:
        # Their INVITEs are for `user`: taken for our extension, so that the valid ones are really accepted.
        with site('screening_extension = "user"') as service:
            files = {name: (message, (FILES / f"{name}.dat").read_bytes()) for name, message in RFC.items()}
            wrong += table(f"RFC 4475: {len(files)} files", files, service.port)
            call(service.port, "user")
            alive = service.process.poll() is None
            faults = service.log.read_text().count("a fault of ours")
            print(f"the service {'runs' if alive else 'IS DEAD'}; faults in its log: {faults}")
    print(f"\n{wrong} answers do not fit")


def call(port: int, dialled: str = "100") -> None:
    caller = Caller(port, dialled)
    status = caller.call().status
    packets = len(caller.hear(50)) if status == 200 else 0
    ended = caller.ask("BYE").status if status == 200 else 0
    caller.close()
    print(f"  a call afterwards: {status}, {packets} packets heard, BYE {ended}")
    time.sleep(0.2)


if __name__ == "__main__":
    main()
