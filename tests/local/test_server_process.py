"""A server as a process: what it says, how it stops, what it leaves behind."""

import asyncio
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from agb.local import process
from agb.local.settings import CannotStart, Settings
from local.stand_ins import KEY

PATIENCE = 60.0
"""Seconds after which a process that should have ended is taken to hang."""


@contextmanager
def started(
    *options: str, data_dir: Path, key: str | None = KEY
) -> Iterator[subprocess.Popen[str]]:
    environment = {name: value for name, value in os.environ.items() if name != "AGB_API_KEY"}
    if key is not None:
        environment["AGB_API_KEY"] = key
    command = [sys.executable, "-m", "agb.local", "--port", "0", "--data-dir", str(data_dir)]
    with subprocess.Popen(
        [*command, *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        text=True,
    ) as running:
        try:
            yield running
        finally:
            running.kill()


def line(running: subprocess.Popen[str]) -> str:
    assert running.stdout
    return running.stdout.readline()


def exports(running: subprocess.Popen[str]) -> dict[str, str]:
    """Read the two variables as a shell would."""
    said = [line(running) for _ in range(2)]
    assert all(said), running.communicate()
    words = [shlex.split(each) for each in said]
    assert [word[0] for word in words] == ["export", "export"]
    return dict(word[1].split("=", 1) for word in words)


def ready(running: subprocess.Popen[str]) -> dict[str, str]:
    said: dict[str, str] = json.loads(line(running))
    return said


def call(endpoint: str, path: str, key: str = KEY, **body: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=endpoint, headers=headers, trust_env=False, timeout=60) as http:
        return http.post(path, json=body)


def create(endpoint: str, key: str = KEY) -> str:
    response = call(endpoint, "/mcp/createSession?imageId=code_latest", key)
    return str(response.json()["data"]["sessionId"])


def tool(endpoint: str, session_id: str, name: str, **arguments: object) -> str:
    response = call(endpoint, "/mcp", sessionId=session_id, name=name, args=json.dumps(arguments))
    return str(response.json()["data"]["content"][0]["text"])


def instances(data_dir: Path) -> list[Path]:
    return [path for path in data_dir.glob("run/*") if path.is_dir()]


def offspring(running: subprocess.Popen[str]) -> list[psutil.Process]:
    return psutil.Process(running.pid).children(recursive=True)


def assert_gone(processes: list[psutil.Process]) -> None:
    """Wait until they have ended; one that nobody has reaped yet has ended, too."""
    assert processes
    _, alive = psutil.wait_procs(
        [each for each in processes if not is_zombie(each)], timeout=PATIENCE
    )
    assert [each for each in alive if not is_zombie(each)] == []


def is_zombie(each: psutil.Process) -> bool:
    try:
        return each.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_serves_until_a_signal_and_leaves_nothing(tmp_path: Path, sign: signal.Signals) -> None:
    with started(data_dir=tmp_path) as running:
        said = exports(running)
        assert said["AGB_API_KEY"] == KEY
        session_id = create(said["AGB_ENDPOINT"])
        tool(said["AGB_ENDPOINT"], session_id, "shell", command="nohup sleep 1000 & true")
        left = offspring(running)
        assert instances(tmp_path)
        running.send_signal(sign)
        out, err = running.communicate(timeout=PATIENCE)
        assert running.returncode == 0
    assert_gone(left)
    assert instances(tmp_path) == []
    assert out == ""
    assert "sandbox in force" in err
    assert "stopping" in err
    assert KEY not in err
    assert "Traceback" not in err


def test_without_a_key_it_makes_a_new_one_each_time(tmp_path: Path) -> None:
    with (
        started(data_dir=tmp_path, key=None) as first,
        started(data_dir=tmp_path, key="  ") as second,
    ):
        keys = []
        for running in (first, second):
            said = exports(running)
            keys.append(said["AGB_API_KEY"])
            assert create(said["AGB_ENDPOINT"], said["AGB_API_KEY"])
            assert call(said["AGB_ENDPOINT"], "/mcp/getSession", KEY).status_code == 401
        assert min(map(len, keys)) > 30
        assert keys[0] != keys[1]
        assert len(instances(tmp_path)) == 2


def test_the_key_of_the_command_line_comes_first_and_is_quoted(tmp_path: Path) -> None:
    with started("--api-key", "it's;$HOME", data_dir=tmp_path) as running:
        said = exports(running)
        assert said["AGB_API_KEY"] == "it's;$HOME"
        assert create(said["AGB_ENDPOINT"], "it's;$HOME")


def test_the_key_does_not_get_into_sessions(tmp_path: Path) -> None:
    with started(data_dir=tmp_path) as running:
        endpoint = exports(running)["AGB_ENDPOINT"]
        assert KEY not in tool(endpoint, create(endpoint), "shell", command="env")


def test_embedded_it_says_in_one_line_how_to_reach_it_and_stops_with_stdin(
    tmp_path: Path,
) -> None:
    with started("--embedded", data_dir=tmp_path) as running:
        said = ready(running)
        assert said["endpoint"].startswith("http://127.0.0.1:")
        assert said["sandbox"] in {"strong", "portable"}
        assert said["description"]
        assert KEY not in json.dumps(said)
        create(said["endpoint"])
        left = offspring(running)
        assert running.stdin
        running.stdin.write("nobody listens\n")
        running.stdin.close()
        assert running.wait(PATIENCE) == 0
        assert line(running) == ""
    assert_gone(left)
    assert instances(tmp_path) == []


def test_embedded_it_takes_no_notice_of_ctrl_c_but_its_sessions_can(tmp_path: Path) -> None:
    with started("--embedded", data_dir=tmp_path) as running:
        endpoint = ready(running)["endpoint"]
        running.send_signal(signal.SIGINT)
        answer = tool(endpoint, create(endpoint), "shell", command="grep SigIgn /proc/$$/status")
        ignored = int(json.loads(answer)["stdout"].split()[1], base=16)
        assert not ignored & 1 << (signal.SIGINT - 1)
        running.send_signal(signal.SIGTERM)
        assert running.wait(PATIENCE) == 0


def test_what_a_killed_server_leaves_ends_and_the_next_one_sweeps_it(tmp_path: Path) -> None:
    with started("--embedded", data_dir=tmp_path) as running:
        endpoint = ready(running)["endpoint"]
        session_id = create(endpoint)
        tool(endpoint, session_id, "shell", command="mkdir -m 0 /tmp/shut; nohup sleep 999 & true")
        left = offspring(running)
        dead = instances(tmp_path)
        running.kill()
        running.wait(PATIENCE)
        assert_gone(left)
        assert instances(tmp_path) == dead != []
    with started(data_dir=tmp_path) as running:
        exports(running)
        assert len(instances(tmp_path)) == 1
        assert instances(tmp_path) != dead


def test_what_was_ready_for_sessions_ends_with_a_killed_server(tmp_path: Path) -> None:
    with started("--embedded", data_dir=tmp_path) as running:
        create(ready(running)["endpoint"])
        while not [*tmp_path.glob("run/*/sessions/ready-*/home/user/.local")]:
            assert running.poll() is None
            time.sleep(0.01)
        left = offspring(running)
        running.kill()
        running.wait(PATIENCE)
        assert_gone(left)


def test_it_stops_when_its_owner_is_killed(tmp_path: Path) -> None:
    owner = (
        "import subprocess, sys, time\n"
        f"server = subprocess.Popen([{sys.executable!r}, '-m', 'agb.local', '--embedded', '--port',"
        f" '0', '--data-dir', {str(tmp_path)!r}], stdin=subprocess.PIPE)\n"
        "time.sleep(1000)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", owner], stdout=subprocess.PIPE, text=True
    ) as running:
        create_at = ready(running)["endpoint"]
        assert call(create_at, "/").status_code == 404
        left = offspring(running)
        running.kill()
    assert_gone(left)
    assert instances(tmp_path) == []


def test_an_address_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with started("--port", port, data_dir=tmp_path) as running:
            _, err = running.communicate(timeout=PATIENCE)
            assert running.returncode == 1
            assert port in err
            assert "Traceback" not in err
        with started("--embedded", "--port", port, data_dir=tmp_path) as running:
            said = ready(running)
            assert running.wait(PATIENCE) == 1
            assert said["code"] == "Address.Unavailable"
            assert port in said["error"]
    assert instances(tmp_path) == []


def test_a_folder_that_sessions_would_see_is_refused() -> None:
    data_dir = Path(sys.prefix, f"agb-test-{os.getpid()}")
    try:
        with started("--embedded", data_dir=data_dir) as running:
            said = ready(running)
        if said.get("description", "").startswith("plain"):
            pytest.skip("plain sessions see everything")
        assert said["code"] == "DataDir.Unusable"
        assert "sessions see all that is in" in said["error"]
    finally:
        shutil.rmtree(data_dir, ignore_errors=True)


def test_a_folder_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with started("--embedded", data_dir=tmp_path / "file") as running:
        said = ready(running)
        assert running.wait(PATIENCE) == 1
        assert said["code"] == "DataDir.Unusable"
        assert str(tmp_path / "file") in said["error"]


@pytest.mark.parametrize(
    ("option", "value", "named"),
    [
        ("--api-key", "", "api_key"),
        ("--api-key", "with space", "api_key"),
        ("--api-key", "schlüssel", "api_key"),
        ("--port", "65536", "port"),
        ("--max-sessions", "0", "max_sessions"),
        ("--warm", "-1", "warm"),
        ("--idle-timeout", "0", "idle_timeout"),
        ("--max-lifetime", "-1", "max_lifetime"),
    ],
)
def test_a_setting_that_is_none_is_named(
    tmp_path: Path, option: str, value: str, named: str
) -> None:
    with started("--embedded", option, value, data_dir=tmp_path) as running:
        said = ready(running)
        assert running.wait(PATIENCE) == 1
    assert said["code"] == "InvalidSettings"
    assert named in said["error"]
    assert "schlüssel" not in said["error"]


def test_the_same_address_may_be_written_in_other_ways(tmp_path: Path) -> None:
    with started("--host", "0.0.0.0", data_dir=tmp_path) as running:  # noqa: S104 - for a moment
        endpoint = exports(running)["AGB_ENDPOINT"]
        assert endpoint.startswith("http://127.0.0.1:")
        assert call(endpoint, "/").status_code == 404


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
def test_it_listens_on_ipv6(tmp_path: Path) -> None:
    with started("--host", "::1", data_dir=tmp_path) as running:
        endpoint = exports(running)["AGB_ENDPOINT"]
        assert endpoint.startswith("http://[::1]:")
        assert call(endpoint, "/").status_code == 404


async def test_the_second_signal_ends_the_process_at_once() -> None:
    stop = asyncio.Event()
    before = signal.getsignal(signal.SIGUSR1)
    try:
        process._on_signals(stop.set, {signal.SIGUSR1})
        os.kill(os.getpid(), signal.SIGUSR1)
        await stop.wait()
        assert signal.getsignal(signal.SIGUSR1) == signal.SIG_DFL
    finally:
        signal.signal(signal.SIGUSR1, before)


async def test_no_stdin_at_all_is_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_STDIN", 999_999)  # a closed one could be opened meanwhile
    stop = asyncio.Event()
    process._on_end_of_stdin(stop.set)
    await stop.wait()


def test_serving_in_a_folder_that_can_not_be_made_fails(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotStart, match="can't use the folder") as refused:
        process.serve(Settings(api_key=KEY, data_dir=tmp_path / "file"))
    assert refused.value.code == "DataDir.Unusable"


def test_data_lies_in_the_folder_of_the_user() -> None:
    assert process.default_data_dir().name == "agb"
    assert process.default_data_dir().is_absolute()
