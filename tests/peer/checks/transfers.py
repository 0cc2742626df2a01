"""Files that are brought into a session, and out of it."""

import secrets
import tempfile
from pathlib import Path

from checking import good, holds, of_session, same

from agb import Session


@of_session
def a_file_is_uploaded_and_downloaded(session: Session) -> None:
    folder = session.file.transfer_path()
    holds(folder, "there is a folder for transfers")
    content = secrets.token_bytes(1_000_000)
    with tempfile.TemporaryDirectory() as here:
        local = Path(here, "lokal ü.bin")
        local.write_bytes(content)
        for remote in (f"{folder}/up.bin", f"{folder}/deep/ü up.bin", "/tmp/elsewhere.bin"):
            up = good(session.file.upload(str(local), remote))
            same((up.bytes_sent, up.path, up.error_message), (len(content), remote, None))
            same(good(session.file.read(remote, format="bytes")).content, content)
            seen: list[int] = []
            back = Path(here, "new", "back.bin")
            down = good(session.file.download(remote, str(back), progress_cb=seen.append))
            same((down.bytes_received, down.error_message), (len(content), None))
            same(back.read_bytes(), content)
            same(seen[-1:], [len(content)])


@of_session
def a_transfer_that_cannot_be_is_refused(session: Session) -> None:
    folder = session.file.transfer_path()
    with tempfile.TemporaryDirectory() as here:
        absent = str(Path(here, "none"))
        holds(not session.file.upload(absent, f"{folder}/none").success, "nothing to upload")
        holds(not session.file.download(f"{folder}/none", absent).success, "nothing to download")
        there = Path(here, "there")
        there.write_text("mine")
        good(session.file.upload(str(there), f"{folder}/theirs"))
        kept = session.file.download(f"{folder}/theirs", str(there), overwrite=False)
        holds(not kept.success, "it is not to be overwritten")
        same(there.read_text(), "mine")
