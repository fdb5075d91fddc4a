"""A bad road between two network namespaces: it loses packets and delivers them late, as netem does.

Two TUN devices, and a thread that carries every IP packet from one to the other: no kernel module is needed.
"""

import fcntl
import heapq
import itertools
import os
import random
import select
import struct
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from tests.pbx.network import Network

_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x400454CA, 1, 0x1000
MTU = 1500


class Road:
    """Joins two namespaces; addresses of the one are reached from the other.

    Args:
        near, far: the namespaces.
        near_hosts, far_hosts: addresses that live there; the first speaks for its side.

    Attributes:
        loss: part of the packets that is lost, each way.
        delay, jitter: seconds that a packet takes, and the standard deviation of it.
        lost, carried: packets so far.
    """

    def __init__(self, near: Network, far: Network, near_hosts: Sequence[str], far_hosts: Sequence[str]) -> None:
        self.loss = self.delay = self.jitter = 0.0
        self.lost = self.carried = 0
        self._chance = random.Random(1)
        self._ends = [self._device(near), self._device(far)]
        for network, hosts in ((near, far_hosts), (far, near_hosts)):
            for host in hosts:  # not here: on the other side
                network.run(["ip", "addr", "del", f"{host}/32", "dev", "lo"], Path.cwd(), 10)
        for network, hosts, own in ((near, far_hosts, near_hosts[0]), (far, near_hosts, far_hosts[0])):
            for host in hosts:
                network.run(["ip", "route", "add", host, "dev", "road", "src", own], Path.cwd(), 10)
        self._running = True
        self._thread = threading.Thread(target=self._carry, daemon=True)
        self._thread.start()

    @staticmethod
    def _device(network: Network) -> int:
        with network.entered():
            end = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
            fcntl.ioctl(end, _TUNSETIFF, struct.pack("16sH", b"road", _IFF_TUN | _IFF_NO_PI))
        network.run(["ip", "link", "set", "road", "up"], Path.cwd(), 10)
        return end

    def _carry(self) -> None:
        late: list[tuple[float, int, int, bytes]] = []
        order = itertools.count()
        while self._running:
            wait = min(0.1, max(0.0, late[0][0] - time.monotonic())) if late else 0.1
            for end in select.select(self._ends, [], [], wait)[0]:
                packet = os.read(end, MTU)
                if self._chance.random() < self.loss:
                    self.lost += 1
                    continue
                other = self._ends[1 - self._ends.index(end)]
                due = time.monotonic() + max(0.0, self._chance.gauss(self.delay, self.jitter))
                heapq.heappush(late, (due, next(order), other, packet))
            while late and late[0][0] <= time.monotonic():
                _, _, other, packet = heapq.heappop(late)
                os.write(other, packet)
                self.carried += 1

    def stop(self) -> None:
        self._running = False
        self._thread.join()
        for end in self._ends:
            os.close(end)
