"""Whose a session is, and for how long."""

import getpass
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agb import _lease
from agb._lease import Lease, lease_labels, read_lease

linux = pytest.mark.skipif(
    sys.platform != "linux", reason="processes of other systems can't be looked at: no /proc"
)


def lease(**changes: str) -> Lease:
    found = read_lease({**lease_labels(60), **changes})
    assert found is not None
    return found


def test_a_lease_is_over_when_it_has_run_out_and_clocks_differ_no_more_than_that() -> None:
    past = lease(**{"agb.expires": str(int(time.time()) - 10)})
    assert past.over(0) == "expired"
    assert past.over(60) is None
    assert past.expires_at.timestamp() == past.expires


def test_a_lease_of_this_very_process_is_not_over() -> None:
    assert lease().over(0) is None


@linux
def test_a_process_that_has_ended_has_no_lease_even_before_it_is_waited_for() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        owner = {"agb.pid": str(process.pid), "agb.started": _lease._seen(process.pid)[1]}
        assert lease(**owner).over(0) is None
        process.kill()
        while _lease._seen(process.pid)[0] != "Z":
            pass
        assert lease(**owner).over(0) == "owner ended"
    assert lease(**owner).over(0) == "owner ended"


@linux
def test_a_number_that_is_used_again_is_another_process() -> None:
    assert lease(**{"agb.started": "1"}).over(0) == "owner ended"


@pytest.mark.parametrize("machine", ["another", "unknown"])
def test_processes_of_other_machines_are_not_looked_for(machine: str) -> None:
    assert lease(**{"agb.machine": machine, "agb.started": "1"}).over(0) is None


@linux
@pytest.mark.parametrize("pid", ["1", "99999999999999"])
def test_a_process_that_can_not_be_looked_at_is_alive(
    monkeypatch: pytest.MonkeyPatch, pid: str
) -> None:
    def refused(_: int, __: int) -> None:
        raise PermissionError

    monkeypatch.setattr("os.kill", refused)
    assert lease(**{"agb.pid": pid, "agb.started": "1"}).over(0) is None


@pytest.mark.parametrize(
    "labels",
    [
        {},
        {"agb.pid": "1"},
        {"agb.pid": "one", "agb.expires": "1"},
        {"agb.pid": "0", "agb.expires": "1"},
        {"agb.pid": "1", "agb.expires": "soon"},
        {"agb.pid": "1", "agb.expires": "nan"},
        {"agb.pid": "1", "agb.expires": "1e300"},
    ],
)
def test_labels_that_make_no_sense_are_no_lease(labels: dict[str, str]) -> None:
    assert read_lease(labels) is None


def test_what_is_not_known_is_left_open(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def nobody() -> str:
        raise KeyError

    monkeypatch.setattr(_lease, "_PROC", tmp_path)
    monkeypatch.setattr(getpass, "getuser", nobody)
    monkeypatch.setattr("socket.gethostname", str)
    labels = lease_labels(60)
    assert all(labels.values())
    found = read_lease(labels)
    assert found is not None
    assert (found.owner, found.host, found.machine, found.started) == ("", "", "", "")
    assert found.over(0) is None
