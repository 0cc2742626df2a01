"""What the server itself reads and writes of a session's files never leads out of them."""

import os
import secrets
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from agb import Context, ContextSync, CreateSessionParams, Session
from local.escapes.places import KINDS, Place, session
from local.stand_ins import CODE

pytestmark = KINDS
ROUNDS = 15
SWAPPING = """
import os
os.makedirs("swap/folder")
open("swap/folder/file", "w").close()
open("swap/file", "w").close()
while True:
    for name, target in ("folder", "{folder}"), ("file", "{folder}/secret"):
        os.rename(f"swap/{{name}}", f"{{name}}-kept")
        os.symlink(target, f"swap/{{name}}")
        os.unlink(f"swap/{{name}}")
        os.rename(f"{{name}}-kept", f"swap/{{name}}")
"""


@pytest.fixture
def outside(somewhere: Place) -> Path:
    """A folder of the machine with a secret in it, that sessions would have the server open."""
    folder = somewhere.open_folder / secrets.token_hex(8)
    folder.mkdir()
    (folder / "secret").write_text(f"secret {folder.name}")
    return folder


@pytest.fixture
def context(somewhere: Place) -> Context:
    made = somewhere.client.context.create(f"c-{secrets.token_hex(8)}").raise_for_error().context
    assert made
    return made


@pytest.fixture
def attacker(somewhere: Place, context: Context) -> Iterator[Session]:
    with session(somewhere, ContextSync(context.id, "/workspace/m")) as made:
        yield made


def run(attacker: Session, command: str) -> None:
    done = attacker.command.execute(command, cwd="/workspace/m")
    assert done.exit_code == 0, done


def stored(somewhere: Place, outside: Path) -> list[Path]:
    """Find what has the secret among all that the AGB keeps for contexts."""
    secret = f"secret {outside.name}".encode()
    files = [path for path in below(somewhere.data / "contexts") if path.is_file()]
    assert files
    return [path for path in files if secret in contents(path)]


def below(folder: Path) -> list[Path]:
    """Find what is in a folder, though some of it may go meanwhile."""
    return [Path(top, name) for top, _, names in os.walk(folder) for name in names]


def contents(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:  # it is not kept any more
        return b""


def put(somewhere: Place, context: Context, local: Path, path: str) -> None:
    somewhere.client.context.upload_file(context.id, local, path).raise_for_error()


def test_links_are_stored_as_links(somewhere: Place, attacker: Session, outside: Path) -> None:
    run(attacker, f"ln -s {outside} folder; ln -s {outside}/secret file; ln -s ../../../.. up")
    assert attacker.context.sync().success
    assert stored(somewhere, outside) == []


def test_a_link_swapped_in_while_files_are_stored_is_not_followed(
    somewhere: Place, attacker: Session, outside: Path
) -> None:
    attacker.file.write("/tmp/swap.py", SWAPPING.format(folder=outside)).raise_for_error()
    path = "/tmp/swap.py" if "plain" not in somewhere.description else '"$TMPDIR"/swap.py'
    run(attacker, f"(python3 {path} >/dev/null 2>&1 &) ; until [ -d swap/folder ]; do :; done")
    for _ in range(ROUNDS):
        attacker.context.sync()
    assert stored(somewhere, outside) == []


def test_a_linked_file_is_not_carried_out(
    somewhere: Place, attacker: Session, outside: Path, tmp_path: Path
) -> None:
    run(attacker, f"ln -s {outside}/secret file")
    carried = attacker.file.download("/workspace/m/file", tmp_path / "carried")
    assert not carried.success
    assert not (tmp_path / "carried").exists()
    assert stored(somewhere, outside) == []


def test_nothing_is_brought_in_through_a_link(
    somewhere: Place, context: Context, attacker: Session, outside: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("brought in")
    put(somewhere, context, tmp_path / "file", "/folder/file")
    put(somewhere, context, tmp_path / "file", "/file")
    run(attacker, f"ln -s {outside} folder; ln -s {outside}/secret file")
    attacker.context.sync(mode="download")
    assert os.listdir(outside) == ["secret"]  # noqa: PTH208 - names only
    assert (outside / "secret").read_text() == f"secret {outside.name}"


@pytest.mark.parametrize("what", ["link", "device", "name"])
def test_an_archive_is_not_unpacked_out_of_its_folder(
    somewhere: Place, context: Context, outside: Path, tmp_path: Path, what: str
) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        if what == "link":
            link = zipfile.ZipInfo("link")
            link.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(link, str(outside))
            archive.writestr("link/file", "through the link")
        elif what == "device":
            device = zipfile.ZipInfo("device")
            device.external_attr = (stat.S_IFBLK | 0o666) << 16
            archive.writestr(device, "")
        else:
            archive.writestr(f"{outside}/file", "by its name")
    put(somewhere, context, tmp_path / "a.zip", "/a.zip")
    mounted = ContextSync(context.id, "/workspace/m")
    made = somewhere.client.create(CreateSessionParams(image_id=CODE, context_syncs=[mounted]))
    try:
        assert os.listdir(outside) == ["secret"]  # noqa: PTH208 - names only
        roots = somewhere.data.glob("run/*/sessions/*")
        assert not [path for root in roots for path in below(root) if path.is_block_device()]
    finally:
        if made.session:
            somewhere.client.delete(made.session)
