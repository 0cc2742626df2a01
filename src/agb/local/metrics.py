"""What a session uses of this machine."""

import os
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

import psutil
from attrs import define, evolve, field, frozen

from agb._wire.metrics import Metrics

_KBYTE = 1024
_BLOCK = 512
"""Unit of `st_blocks`, whatever the file system."""


@frozen(kw_only=True)
class Traffic:
    """Bytes that went over a session's network so far, what it says to itself left out."""

    received: int
    sent: int

    @classmethod
    def of(cls, interfaces: Mapping[str, Mapping[str, int]]) -> "Traffic":
        """Add up the counters of network interfaces."""
        outward = [counters for name, counters in interfaces.items() if name != "lo"]
        return cls(
            received=sum(counters["rx_bytes"] for counters in outward),
            sent=sum(counters["tx_bytes"] for counters in outward),
        )


@frozen(kw_only=True)
class Reading:
    """What was read at one moment.

    Attributes:
        at: The moment, on a clock that never runs backwards.
        busy: Processor seconds so far, by process id.
        memory: Resident bytes of all processes together.
        disk_used: Bytes that the session's files take.
        disk_total: Bytes of the file system that they are on.
    """

    at: float
    busy: Mapping[int, float]
    memory: int
    disk_used: int
    disk_total: int
    traffic: Traffic


@define
class Gauge:
    """Turns readings of one session into metrics; rates are since the reading before.

    Args:
        started: When the session began, on the clock of its readings.
    """

    _started: float = field(alias="started")
    _last: Reading | None = field(default=None, init=False)

    def metrics(self, reading: Reading, *, memory_limit: int, now: datetime) -> Metrics:
        """Say what a reading means.

        Args:
            reading: What was read just now.
            memory_limit: Bytes that the session may use.
            now: The time of day.
        """
        last = self._last or evolve(reading, at=self._started, busy={})
        self._last = reading
        processors = psutil.cpu_count() or 1
        elapsed = reading.at - last.at
        busy = sum(max(0.0, s - last.busy.get(pid, 0.0)) for pid, s in reading.busy.items())
        received = reading.traffic.received - last.traffic.received
        sent = reading.traffic.sent - last.traffic.sent
        return Metrics(
            cpu_count=processors,
            cpu_used_pct=round(min(100.0, _rate(busy, elapsed) / processors * 100), 2),
            disk_total=reading.disk_total,
            disk_used=reading.disk_used,
            mem_total=min(memory_limit, psutil.virtual_memory().total),
            mem_used=reading.memory,
            rx_rate_kbyte_per_s=round(_rate(received, elapsed) / _KBYTE, 3),
            tx_rate_kbyte_per_s=round(_rate(sent, elapsed) / _KBYTE, 3),
            rx_used_kbyte=round(reading.traffic.received / _KBYTE, 3),
            tx_used_kbyte=round(reading.traffic.sent / _KBYTE, 3),
            timestamp=now.isoformat(),
        )


def read(*, at: float, pids: Iterable[int], root: Path, traffic: Traffic) -> Reading:
    """Read what the system knows of a session's processes and files."""
    busy: dict[int, float] = {}
    memory = 0
    for process in _processes(pids):
        try:
            with process.oneshot():
                times = process.cpu_times()
                busy[process.pid] = times.user + times.system
                memory += process.memory_info().rss
        except psutil.Error:
            continue  # it ended meanwhile
    disk = os.statvfs(root)
    return Reading(
        at=at,
        busy=busy,
        memory=memory,
        disk_used=_space_of(root),
        disk_total=disk.f_blocks * disk.f_frsize,
        traffic=traffic,
    )


@frozen(kw_only=True)
class Program:
    """A program that runs."""

    pid: int
    name: str


def programs(pids: Iterable[int]) -> list[Program]:
    """Name the programs that run as these processes."""
    found: list[Program] = []
    for process in _processes(pids):
        try:
            found.append(Program(pid=process.pid, name=process.name()))
        except psutil.Error:
            continue  # it ended meanwhile
    return found


def _processes(pids: Iterable[int]) -> Iterable[psutil.Process]:
    for pid in pids:
        try:
            yield psutil.Process(pid)
        except psutil.NoSuchProcess:
            continue


def _space_of(root: Path) -> int:
    """Add up the blocks of all files below a folder, without following what a session linked."""
    blocks = 0
    for _, directories, files, folder in os.fwalk(root):
        for name in (*directories, *files):
            try:
                blocks += os.stat(name, dir_fd=folder, follow_symlinks=False).st_blocks
            except OSError:
                continue  # it was removed meanwhile
    return blocks * _BLOCK


def _rate(amount: float, seconds: float) -> float:
    return amount / seconds if seconds > 0 else 0.0
