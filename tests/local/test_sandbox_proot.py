"""Finding out whether proot works here, and what it is told."""

import ctypes
import errno
import os
import platform
import shutil
import sys
from pathlib import Path

import pytest

from agb.local.inside import old_kernel
from agb.local.sandbox import Limits, Sandboxes, SandboxUnavailable
from agb.local.sandbox import house as house_module
from agb.local.sandbox.plan import INSIDE
from agb.local.sandbox.proot import Proot, _written
from agb.local.sandbox.strong import Strong
from agb.local.sandbox.trial import problem_of

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="proot is for Linux only")


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


def program(path: Path, script: str) -> Path:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def fakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folder of a proot that writes the file of the trial, unless `fails` says otherwise."""
    (tmp_path / "fails").touch()
    program(
        tmp_path / "proot",
        f'. {tmp_path}/fails\nwhile [ "$1" != -r ]; do shift; done; : > "$2/tmp/trial"',
    )
    program(tmp_path / "setpriv", 'while [ "$1" != --no-new-privs ]; do shift; done; shift; "$@"')
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(os, "chown", lambda *_, **__: None)
    return tmp_path


@pytest.mark.usefixtures("fakes")
def test_an_ordinary_users_sessions_are_that_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    proot = Proot.detect(Limits())
    assert not proot.own_user
    assert proot.description.endswith("no isolation")


@pytest.mark.usefixtures("fakes")
def test_the_sessions_of_root_are_users_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    proot = Proot.detect(Limits())
    assert proot.own_user
    assert "own user" in proot.description


def test_where_other_users_cannot_get_they_are_root_and_told_so(
    fakes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    program(fakes / "setpriv", "exit 1")
    proot = Proot.detect(Limits())
    assert not proot.own_user
    assert "closed to other users" in proot.description


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo first words >&2; echo last words >&2; exit 1", "first words"),
        ("exit 3", "exit code 3"),
        ("exit 0", "does not translate paths"),
    ],
)
@pytest.mark.parametrize("uid", [0, 1000])
def test_what_does_not_work_says_why(
    fakes: Path, monkeypatch: pytest.MonkeyPatch, script: str, reason: str, uid: int
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    (fakes / "fails").write_text(script)
    with pytest.raises(SandboxUnavailable, match=reason):
        Proot.detect(Limits())


@pytest.mark.usefixtures("fakes")
def test_a_folder_that_is_not_there_is_a_reason(tmp_path: Path) -> None:
    with pytest.raises(SandboxUnavailable, match="/none"):
        Proot.detect(Limits(), tmp_path / "none")


def test_without_the_program_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(SandboxUnavailable, match="apt-get install proot"):
        Proot.detect(Limits())


def test_it_is_for_machines_whose_system_calls_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "pdp11")
    with pytest.raises(SandboxUnavailable, match="x86_64 and aarch64"):
        Proot.detect(Limits())


async def test_without_either_auto_is_plain_and_says_what_would_be_better(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_: Limits) -> Strong:
        raise SandboxUnavailable("no user namespaces")

    monkeypatch.setattr(Strong, "detect", refuse)
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    sandboxes = await Sandboxes.detect()
    assert sandboxes.is_plain
    assert not sandboxes.own_user
    assert sandboxes.reason == ("no user namespaces; proot is not installed: apt-get install proot")
    assert (await Sandboxes.detect(choice="plain")).reason is None
    with pytest.raises(SandboxUnavailable, match="apt-get install proot"):
        await Sandboxes.detect(choice="proot")


def test_a_file_of_the_server_is_written_anew_and_never_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("kept")
    (tmp_path / "passwd").symlink_to(tmp_path / "precious")
    for text in "one", "two":
        assert _written(tmp_path / "passwd", text).read_text() == text
    assert (tmp_path / "precious").read_text() == "kept"


def test_what_a_killed_tracer_left_is_removed() -> None:
    left = [Path("/tmp/proot-999999999-abcdef"), Path("/tmp/prooted-999999999-abcdef")]
    left.append(Path("/tmp/proot-link-999999999-abcdef"))
    left[0].mkdir()
    left[1].touch()
    left[2].symlink_to(left[0].parent)  # as somebody may have put it there, who means harm
    house_module._clean_up_after(999_999_999)
    assert [path for path in left if path.is_symlink() or path.exists()] == []


YOUNG_CALLS = """
import ctypes, errno, os, sys
sys.path.append(sys.argv[1])
from inside import old_kernel
old_kernel.pretend()
library = ctypes.CDLL(None, use_errno=True)
statx = {"x86_64": 332, "aarch64": 291}[os.uname().machine]
for call in statx, 437, 439:
    ctypes.set_errno(0)
    assert library.syscall(call, -100, b"/", 0, 0, 0) == -1, call
    assert ctypes.get_errno() == errno.ENOSYS, call
assert os.stat("/").st_mode
assert not os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)[1]
"""


def test_younger_system_calls_are_refused_and_programs_do_without() -> None:
    package = str(INSIDE.parent)
    assert problem_of([sys.executable, "-I", "-c", YOUNG_CALLS, package]) == ""


def test_a_kernel_that_does_not_filter_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    class Library:
        def __init__(self, *_: object, **__: object) -> None:
            self.prctl = lambda *_: 1

    monkeypatch.setattr(ctypes, "CDLL", Library)
    monkeypatch.setattr(ctypes, "get_errno", lambda: errno.EINVAL)
    with pytest.raises(OSError, match="Invalid argument"):
        old_kernel.pretend()
