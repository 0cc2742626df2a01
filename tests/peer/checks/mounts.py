"""Contexts in sessions: what one session leaves there, the next one finds."""

import asyncio
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import requests
from checking import CODE_IMAGE, a_session, good, holds, of_client, refused, same

from agb import (
    AGB,
    Context,
    ContextSync,
    MappingPolicy,
    Session,
    SyncPolicy,
    UploadMode,
    UploadPolicy,
)
from agb.context_sync import BWList, WhiteList
from agb.session_params import CreateSessionParams

_FOLDER = "/home/peer/data"
_SECONDS = 120.0


@of_client
def what_a_session_leaves_the_next_one_finds(agb: AGB) -> None:
    with a_context(agb) as context:
        syncs = [ContextSync(context.id, _FOLDER, SyncPolicy())]
        with a_session(agb, context_syncs=syncs) as session:
            good(session.command.execute("echo first > by-shell", timeout_ms=30_000, cwd=_FOLDER))
            good(session.file.write(f"{_FOLDER}/deep/ü", "second"))
            (status,) = good(session.context.info(task_type="download")).context_status_data
            same((status.context_id, status.path), (context.id, _FOLDER))
            same((status.task_type, status.status), ("download", "Success"))
        with a_session(agb, context_syncs=syncs) as session:
            same(good(session.file.read(f"{_FOLDER}/by-shell")).content, "first\n")
            same(good(session.file.read(f"{_FOLDER}/deep/ü")).content, "second")
        with a_session(agb) as session:
            refused(session.file.read(f"{_FOLDER}/by-shell"))


@of_client
def a_sync_is_done_when_it_says_so(agb: AGB) -> None:
    with a_context(agb) as context:
        syncs = [ContextSync(context.id, _FOLDER, SyncPolicy())]
        with a_session(agb, context_syncs=syncs) as session:
            good(session.file.write(f"{_FOLDER}/one", "1"))
            good(asyncio.run(session.context.sync()))
            (entry,) = good(agb.context.list_files(context.id, _FOLDER)).entries
            same((entry.file_name, entry.file_path), ("one", f"{_FOLDER}/one"))
            down = good(agb.context.get_file_download_url(context.id, entry.file_path))
            same(requests.get(down.url, timeout=_SECONDS).content, b"1")
            good(session.file.write(f"{_FOLDER}/two", "2"))
            good(asyncio.run(session.context.sync(context.id, _FOLDER, mode="upload")))
            _told_by_callback(session)
            uploads = good(session.context.info(context.id, _FOLDER, "upload")).context_status_data
            same([status.status for status in uploads], ["Success"])
            good(session.file.remove(f"{_FOLDER}/two"))
            good(asyncio.run(session.context.sync(context.id, _FOLDER, mode="download")))
            refused(asyncio.run(session.context.sync(context.id)))


def _told_by_callback(session: Session) -> None:
    told: list[bool] = []
    called = threading.Event()

    def tell(outcome: bool) -> None:
        told.append(outcome)
        called.set()

    good(asyncio.run(session.context.sync(callback=tell, retry_interval=200)))
    holds(called.wait(_SECONDS), "the callback is called")
    same(told[:1], [True])


@of_client
def a_session_is_synced_as_it_is_deleted(agb: AGB) -> None:
    policy = SyncPolicy(upload_policy=UploadPolicy(auto_upload=False))
    with a_context(agb) as context:
        syncs = [ContextSync(context.id, _FOLDER, policy)]
        with a_session(agb, context_syncs=syncs) as session:
            good(session.file.write(f"{_FOLDER}/lost", "x"))
        session = _open(agb, syncs)
        refused(session.file.read(f"{_FOLDER}/lost"))
        good(session.file.write(f"{_FOLDER}/kept", "x"))
        good(agb.delete(session, sync_context=True))
        with a_session(agb, context_syncs=syncs) as session:
            same(good(session.file.read(f"{_FOLDER}/kept")).content, "x")


@of_client
def a_context_is_found_at_another_path(agb: AGB) -> None:
    mapped = SyncPolicy(mapping_policy=MappingPolicy(path=_FOLDER))
    with a_context(agb) as context:
        with a_session(
            agb, context_syncs=[ContextSync(context.id, _FOLDER, SyncPolicy())]
        ) as session:
            good(session.file.write(f"{_FOLDER}/x", "mapped"))
        syncs = [ContextSync(context.id, "/tmp/mapping", mapped)]
        with a_session(agb, context_syncs=syncs) as session:
            same(good(session.file.read("/tmp/mapping/x")).content, "mapped")
            same(
                {status.path for status in good(session.context.info()).context_status_data},
                {"/tmp/mapping"},
            )


@of_client
def only_what_is_on_the_white_list_is_kept(agb: AGB) -> None:
    listed = BWList(white_lists=[WhiteList(path="/keep", exclude_paths=["/keep/not"])])
    with a_context(agb) as context:
        syncs = [ContextSync(context.id, _FOLDER, SyncPolicy(bw_list=listed))]
        with a_session(agb, context_syncs=syncs) as session:
            for name in ("keep/x", "keep/not/x", "other/x"):
                good(session.file.write(f"{_FOLDER}/{name}", name))
        with a_session(agb, context_syncs=syncs) as session:
            same(good(session.file.read(f"{_FOLDER}/keep/x")).content, "keep/x")
            refused(session.file.read(f"{_FOLDER}/keep/not/x"))
            refused(session.file.read(f"{_FOLDER}/other/x"))


@of_client
def archives_are_kept_and_unpacked(agb: AGB) -> None:
    archived = SyncPolicy(upload_policy=UploadPolicy(upload_mode=UploadMode.ARCHIVE))
    with a_context(agb) as context:
        syncs = [ContextSync(context.id, _FOLDER, archived)]
        with a_session(agb, context_syncs=syncs) as session:
            good(session.file.write(f"{_FOLDER}/deep/x", "archived"))
            good(asyncio.run(session.context.sync()))
            entries = good(agb.context.list_files(context.id, _FOLDER)).entries
            holds(entries and all(entry.file_name.endswith(".zip") for entry in entries), "zips")
        with a_session(agb, context_syncs=syncs) as session:
            same(good(session.file.read(f"{_FOLDER}/deep/x")).content, "archived")


@of_client
def a_sync_without_a_policy_is_dropped_by_the_peer(agb: AGB) -> None:
    with (
        a_context(agb) as context,
        a_session(agb, context_syncs=[ContextSync(context.id, _FOLDER)]) as session,
    ):
        same(good(session.context.info()).context_status_data, [])


@contextmanager
def a_context(agb: AGB) -> Iterator[Context]:
    """Have a context for as long as the block runs."""
    context = good(agb.context.create(f"peer-{secrets.token_hex(8)}")).context
    try:
        yield context
    finally:
        good(agb.context.delete(context))


def _open(agb: AGB, syncs: list[ContextSync]) -> Session:
    """Make a session that the caller deletes in a way of its own."""
    return good(agb.create(CreateSessionParams(image_id=CODE_IMAGE, context_syncs=syncs))).session
