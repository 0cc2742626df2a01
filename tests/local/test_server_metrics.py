"""What a session is said to use."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import pytest

from agb._wire.metrics import Metrics
from agb.local import metrics
from agb.local.metrics import Gauge, Reading, Traffic

NOW = datetime(2030, 1, 1, tzinfo=UTC)
GIB = 1024**3


def reading(
    at: float, busy: dict[int, float] | None = None, received: int = 0, sent: int = 0
) -> Reading:
    return Reading(
        at=at,
        busy=busy or {},
        memory=7,
        disk_used=8,
        disk_total=9,
        traffic=Traffic(received=received, sent=sent),
    )


def told(gauge: Gauge, read: Reading) -> Metrics:
    return gauge.metrics(read, memory_limit=GIB, now=NOW)


@pytest.fixture(autouse=True)
def _four_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "cpu_count", lambda: 4)


def test_amounts_are_told_as_they_are() -> None:
    said = told(Gauge(started=0.0), reading(1.0, received=2048, sent=512))
    assert said.cpu_count == 4
    assert (said.mem_used, said.disk_used, said.disk_total) == (7, 8, 9)
    assert (said.rx_used_kbyte, said.tx_used_kbyte) == (2.0, 0.5)
    assert said.timestamp == "2030-01-01T00:00:00+00:00"


def test_memory_is_what_the_session_may_use_or_the_machine_has() -> None:
    gauge = Gauge(started=0.0)
    assert told(gauge, reading(1.0)).mem_total == GIB
    machine = psutil.virtual_memory().total
    assert gauge.metrics(reading(2.0), memory_limit=machine * 2, now=NOW).mem_total == machine


def test_the_first_reading_counts_from_the_start_of_the_session() -> None:
    said = told(Gauge(started=10.0), reading(12.0, {1: 4.0}, received=4096))
    assert said.cpu_used_pct == 50.0
    assert said.rx_rate_kbyte_per_s == 0.0


def test_later_readings_count_from_the_one_before() -> None:
    gauge = Gauge(started=0.0)
    told(gauge, reading(10.0, {1: 4.0, 2: 1.0}))
    said = told(gauge, reading(12.0, {1: 5.0, 3: 1.0}, received=4096, sent=2048))
    assert said.cpu_used_pct == 25.0  # a second of the old process and one of the new, of eight
    assert (said.rx_rate_kbyte_per_s, said.tx_rate_kbyte_per_s) == (2.0, 1.0)


def test_no_time_between_two_readings_is_no_trouble() -> None:
    gauge = Gauge(started=0.0)
    told(gauge, reading(10.0, {1: 4.0}))
    assert told(gauge, reading(10.0, {1: 5.0})).cpu_used_pct == 0.0


def test_no_session_uses_more_than_everything() -> None:
    assert told(Gauge(started=0.0), reading(1.0, {1: 900.0})).cpu_used_pct == 100.0


def test_what_a_session_says_to_itself_is_no_traffic() -> None:
    counters = {"rx_bytes": 5, "tx_bytes": 7}
    assert Traffic.of({"lo": counters}) == Traffic(received=0, sent=0)
    both = Traffic.of({"lo": counters, "eth0": counters, "eth1": counters})
    assert both == Traffic(received=10, sent=14)


def test_processes_and_files_are_read_from_the_system(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").write_bytes(b"x" * 100_000)
    (tmp_path / "link").symlink_to("/usr", target_is_directory=True)
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    read = metrics.read(
        at=5.0,
        pids=[os.getpid(), ended.pid],
        root=tmp_path,
        traffic=Traffic(received=0, sent=0),
    )
    assert read.at == 5.0
    assert list(read.busy) == [os.getpid()]
    assert read.busy[os.getpid()] > 0
    assert read.memory > 1_000_000
    assert 100_000 <= read.disk_used < 1_000_000
    assert read.disk_total > read.disk_used


def test_what_ends_while_it_is_looked_at_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def end(process: psutil.Process) -> None:
        raise psutil.NoSuchProcess(process.pid)

    monkeypatch.setattr(psutil.Process, "oneshot", end)
    monkeypatch.setattr(psutil.Process, "name", end)
    (tmp_path / "file").touch()
    stat = os.stat

    def removed(path: str, **options: Any) -> os.stat_result:
        if path == "file":
            raise FileNotFoundError(path)
        return stat(path, **options)

    monkeypatch.setattr(os, "stat", removed)
    read = metrics.read(
        at=5.0, pids=[os.getpid()], root=tmp_path, traffic=Traffic(received=0, sent=0)
    )
    assert read.busy == {}
    assert read.disk_used == 0
    assert metrics.programs([os.getpid()]) == []


def test_programs_are_named() -> None:
    (program,) = metrics.programs([os.getpid()])
    assert program.pid == os.getpid()
    assert program.name == psutil.Process().name()
