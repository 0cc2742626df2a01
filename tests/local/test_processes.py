"""Background processes in each kind of sandbox."""

import secrets
from collections.abc import Iterator

import psutil
import pytest
from support.local import LocalAGB, running
from support.waiting import eventually

from agb import AGB

IMAGE = "code_latest"


@pytest.fixture(scope="module", params=["auto", "portable"])
def other_agb(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LocalAGB]:
    data_dir = tmp_path_factory.mktemp("processes")
    arguments = ("--sandbox", request.param)
    with running(data_dir, api_key=secrets.token_hex(8), arguments=arguments) as local:
        yield local


@pytest.fixture
def agb(other_agb: LocalAGB) -> Iterator[AGB]:
    with AGB(other_agb.api_key, endpoint=other_agb.endpoint, default_image=IMAGE) as agb:
        yield agb


def having(word: str) -> list[int]:
    """Find the processes of this machine with a word in their command line."""
    found = psutil.process_iter(["cmdline"])
    return [process.pid for process in found if word in (process.info["cmdline"] or [])]


def test_a_process_is_fed_followed_and_signalled(agb: AGB) -> None:
    with agb.session() as session:
        process = session.command.start("cat; echo end >&2; sleep 600", stdin=True, cwd="/tmp")
        assert process.write_stdin("é\n").success
        assert process.close_stdin().success
        written = {"stdout": "", "stderr": ""}
        for piece in process.stream():
            written[piece.stream] += piece.text
            if written == {"stdout": "é\n", "stderr": "end\n"}:
                break
        assert process.signal("TERM").success
        assert process.wait(60).exit_code == 143
        assert [each.state for each in session.command.list_processes().processes] == ["exited"]


def test_a_process_goes_on_between_calls_and_ends_with_its_session(agb: AGB) -> None:
    seconds = f"{secrets.randbelow(10**9) + 10**6}"
    with agb.session() as session:
        process = session.command.start(f"sleep {seconds} & sleep {seconds}; exit")
        eventually(lambda: len(having(seconds)) == 2)
        assert session.command.execute("true").success
        assert process.status().state == "running"
        assert len(having(seconds)) == 2
    eventually(lambda: having(seconds) == [])


def test_bounded_output_is_kept_where_commands_find_it(agb: AGB) -> None:
    with agb.session() as session:
        run = session.command.execute("seq 1 1000", max_output=10)
        assert run.truncated
        assert session.command.execute(["tail", "-n1", run.stdout_path]).stdout == "1000\n"
