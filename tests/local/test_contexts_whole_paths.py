"""What sessions stored, asked for by the paths that it has in them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from agb.local.contexts import index as index_module
from agb.local.contexts.index import Index
from local.mounted import files, get, make, mount, names, put, release, session, synced, url
from local.stand_ins import Caller


async def stored(agb: Caller, context: str, path: str, contents: Mapping[str, str]) -> None:
    """Store files from a session that has the context mounted at a path."""
    session_id = await session(agb, mount(context, path))
    for name, content in contents.items():
        await agb.tool(session_id, "write_file", path=f"{path}/{name}", content=content)
    await release(agb, session_id)


async def removed(agb: Caller, context: str, path: str) -> str:
    query = {"contextId": context, "filePath": path}
    return (await agb.post("/sdk/DeleteContextFile", query)).code


async def read(agb: Caller, session_id: str, path: str) -> str:
    said = await agb.tool(session_id, "read_file", path=path)
    assert said.code == "OK", said.body
    return said.text


async def test_a_stored_file_goes_by_its_path_in_the_session_too(agb: Caller) -> None:
    context = await make(agb, "two-names")
    await stored(agb, context, "/home/data", {"a": "1", "deep/b": "22"})
    assert await get(agb, context, "/home/data/a") == await get(agb, context, "/a") == b"1"
    assert await get(agb, context, "home/data/deep/b") == b"22"
    for path in ("/home/a", "/home/data", "/home/data/none", "/home/data/deep", "/home/database/a"):
        assert (await agb.http.get(await url(agb, context, path))).status_code == 404
    assert await removed(agb, context, "/home/data/deep") == "ContextFile.NotFound"
    assert await removed(agb, context, "/home/data/a") == "OK"
    assert await removed(agb, context, "/home/data/a") == "ContextFile.NotFound"
    assert await names(agb, context) == ["deep"]


async def test_a_folder_goes_by_its_path_in_the_session_too(agb: Caller) -> None:
    context = await make(agb, "two-folders")
    await stored(agb, context, "/home/data", {"a": "1", "deep/b": "22"})
    listed = await files(agb, context, "/home/data/")
    assert [(line["fileName"], line["filePath"], line["size"]) for line in listed] == [
        ("a", "/home/data/a", 1),
        ("deep", "/home/data/deep", 0),
    ]
    itself = await files(agb, context)
    assert [line["fileId"] for line in itself] == [line["fileId"] for line in listed]
    assert [line["filePath"] for line in itself] == ["/a", "/deep"]
    (inside,) = await files(agb, context, "/home/data/deep")
    assert inside["filePath"] == "/home/data/deep/b"
    assert await names(agb, context, "/home") == await names(agb, context, "/home/dat") == []


async def test_what_came_by_url_and_what_sessions_stored_are_listed_together(agb: Caller) -> None:
    context = await make(agb, "together")
    await put(agb, context, "/home/data/by-url", b"url")
    await put(agb, context, "bare", b"bare")
    await stored(agb, context, "/home/data", {"by-session": "session"})
    assert await names(agb, context, "/home/data") == ["by-session", "by-url"]
    assert await names(agb, context) == ["bare", "by-session", "home"]
    session_id = await session(agb, mount(context, "/home/data"))
    listed = await agb.tool(session_id, "list_directory", path="/home/data")
    assert sorted(listed.text.splitlines()) == [
        "[FILE] bare",
        "[FILE] by-session",
        "[FILE] by-url",
    ]


async def test_a_url_for_the_path_in_the_session_writes_the_file_there(agb: Caller) -> None:
    context = await make(agb, "replaced")
    await stored(agb, context, "/home/data", {"a": "old"})
    await put(agb, context, "/home/data/a", b"new")
    assert await names(agb, context) == ["a"]
    assert await get(agb, context, "/a") == await get(agb, context, "/home/data/a") == b"new"
    session_id = await session(agb, mount(context, "/home/data"))
    assert await read(agb, session_id, "/home/data/a") == "new"
    await agb.tool(session_id, "write_file", path="/home/data/a", content="newest")
    await synced(agb, session_id)
    assert await get(agb, context, "/home/data/a") == b"newest"
    assert await removed(agb, context, "/home/data/a") == "OK"
    assert await names(agb, context) == []


async def test_of_two_places_the_deeper_one_is_meant(agb: Caller) -> None:
    context = await make(agb, "nested")
    await stored(agb, context, "/home", {"data/a": "outer"})
    assert await get(agb, context, "/home/data/a") == b"outer"
    await stored(agb, context, "/home/data", {"a": "inner"})
    assert await get(agb, context, "/home/data/a") == b"inner"
    assert await get(agb, context, "/data/a") == b"outer"


async def test_an_archive_of_a_mount_is_listed_where_the_mount_was(agb: Caller) -> None:
    context = await make(agb, "archived")
    archived: dict[str, Any] = {"uploadPolicy": {"uploadMode": "Archive"}}
    session_id = await session(agb, mount(context, "/home/data", **archived))
    await agb.tool(session_id, "write_file", path="/home/data/a", content="1")
    await synced(agb, session_id)
    assert await names(agb, context, "/home/data") == ["archive.zip"]
    assert (await get(agb, context, "/home/data/archive.zip")).startswith(b"PK")


def test_an_index_from_before_there_were_places_gets_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        before.setattr(index_module, "_MIGRATIONS", index_module._MIGRATIONS[:1])
        old = Index(tmp_path / "index.db")
        with old.transaction():
            old.execute("INSERT INTO contexts (owner, id, created, used) VALUES ('', 'c', 0, 0)")
        old.close()
    index = Index(tmp_path / "index.db")
    with index.transaction():
        index.execute("INSERT INTO places SELECT key, 'home' FROM contexts")
    assert [row["path"] for row in index.rows("SELECT path FROM places")] == ["home"]
    index.close()
