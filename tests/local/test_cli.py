"""The commands `agb local` and `python -m agb.local`, from the options to the start."""

import logging
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from agb import cli
from agb.local import command, process
from agb.local.settings import CannotStart, Settings

EXTRA = ("starlette", "uvicorn", "psutil", "jsonschema", "platformdirs")


class Served:
    """Stands in for serving and remembers what was to be served."""

    def __init__(self) -> None:
        self.settings: list[Settings] = []
        self.embedded: list[bool] = []
        self.trouble: BaseException | None = None

    def __call__(self, settings: Settings, *, embedded: bool) -> None:
        self.settings.append(settings)
        self.embedded.append(embedded)
        if self.trouble:
            raise self.trouble


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Served:
    served = Served()
    monkeypatch.setattr(process, "serve", served)
    return served


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    """Undo what a process may do to itself."""
    handler, level = signal.getsignal(signal.SIGINT), logging.getLogger("uvicorn").level
    yield
    signal.signal(signal.SIGINT, handler)
    logging.getLogger("uvicorn").setLevel(level)


def test_the_defaults_are_safe(served: Served) -> None:
    assert cli.main(["local"]) == 0
    (settings,) = served.settings
    assert settings.host == "127.0.0.1"
    assert settings.port == 8099
    assert settings.data_dir == process.default_data_dir()
    assert settings.sandbox == "auto"
    assert (settings.max_sessions, settings.idle_timeout, settings.max_lifetime) == (100, 300, 1800)
    assert settings == Settings(
        api_key=settings.api_key, data_dir=settings.data_dir, shared_contexts=True
    )
    assert len(settings.api_key) > 30
    assert settings.api_key not in repr(settings)
    assert served.embedded == [False]


def test_every_option_is_heeded(served: Served, tmp_path: Path) -> None:
    options = (
        f"--host ::1 --port 0 --api-key k --data-dir {tmp_path} --sandbox portable "
        "--max-sessions 3 --warm 2 --session-memory 100 --session-processes 20 "
        "--session-disk 30 --idle-timeout 4 --max-lifetime 0 --embedded "
        "--max-starting 5 --max-requests 6 --max-connections 7 --max-held 2000000 "
        "--max-upload 8 --patience 0.5"
    )
    assert command.main(options.split()) == 0
    assert served.settings == [
        Settings(
            host="::1",
            port=0,
            api_key="k",
            data_dir=tmp_path,
            sandbox="portable",
            max_sessions=3,
            warm=2,
            session_memory=100,
            session_processes=20,
            session_disk=30,
            idle_timeout=4,
            max_lifetime=0,
            max_starting=5,
            max_requests=6,
            max_connections=7,
            max_held=2_000_000,
            max_upload=8,
            patience=0.5,
        )
    ]
    assert served.embedded == [True]
    handler = signal.getsignal(signal.SIGINT)
    assert callable(handler)
    handler(signal.SIGINT, None)


def test_the_key_may_come_from_the_environment_which_then_forgets_it(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGB_API_KEY", " from-environment ")
    command.main([])
    command.main([])
    assert served.settings[0].api_key == "from-environment"
    assert served.settings[1].api_key != "from-environment"


def test_a_start_that_fails_is_told_on_stderr(
    served: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    served.trouble = CannotStart("Some.Code", "it can not be")
    assert cli.main(["local"]) == 1
    said = capsys.readouterr()
    assert said.err == "agb local: it can not be\n"
    assert said.out == ""


def test_an_embedded_start_that_fails_is_told_in_json(
    served: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    served.trouble = CannotStart("Some.Code", "it can not be")
    assert command.main(["--embedded"]) == 1
    assert capsys.readouterr().out == '{"error": "it can not be", "code": "Some.Code"}\n'


def test_an_interrupt_before_the_start_is_no_traceback(served: Served) -> None:
    served.trouble = KeyboardInterrupt()
    assert command.main([]) == 130


@pytest.mark.parametrize("arguments", [[], ["nothing"], ["local", "--sandbox", "paper"]])
def test_what_is_no_command_is_a_wrong_use(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == 2
    assert "usage: agb" in capsys.readouterr().err


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"agb {version('agb')}\n"


def test_help_names_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["local", "--help"])
    said = capsys.readouterr().out
    for option in (
        "--host",
        "--port",
        "--api-key",
        "--data-dir",
        "--sandbox",
        "--max-sessions",
        "--warm",
        "--session-memory",
        "--session-processes",
        "--session-disk",
        "--idle-timeout",
        "--max-lifetime",
        "--max-starting",
        "--max-requests",
        "--max-connections",
        "--max-held",
        "--max-upload",
        "--patience",
        "--embedded",
    ):
        assert option in said


def python(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )


def test_the_command_needs_nothing_of_the_extra_until_it_starts_a_server() -> None:
    done = python(f"import agb.cli, sys; print([name for name in {EXTRA} if name in sys.modules])")
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("missing", EXTRA)
@pytest.mark.parametrize(
    "start",
    [
        "import agb.cli; sys.exit(agb.cli.main(['local']))",
        "sys.argv[1:] = ['--embedded']; import agb.local.__main__ as m; sys.exit(m.main())",
    ],
)
def test_a_part_that_is_missing_is_named_with_what_to_install(missing: str, start: str) -> None:
    done = python(f"import sys; sys.modules[{missing!r}] = None; {start}")
    assert done.returncode == 1
    said = done.stdout + done.stderr
    assert missing in said
    assert "pip install 'agb[local]'" in said
    assert "Traceback" not in said
    assert ('"code": "MISSING_EXTRA"' in done.stdout) is ("embedded" in start)


def test_a_machine_that_can_not_lock_files_is_told_so() -> None:
    done = python(
        "import sys; sys.modules['fcntl'] = None; import agb.cli; agb.cli.main(['local'])"
    )
    assert "Linux or macOS" in done.stderr


def test_another_missing_module_is_a_bug_and_looks_like_one() -> None:
    done = python("import sys; sys.modules['html'] = None; import agb.cli; agb.cli.main(['local'])")
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "pip install" not in done.stderr
