"""Files carried into and out of a session, archives unpacked in it, extensions."""

import io
import os
import stat
import zipfile
from typing import Any

import pytest

from agb.local.contexts import archives
from local.mounted import (
    files,
    get,
    lines,
    make,
    mount,
    names,
    put,
    release,
    session,
    settled,
    shell,
    sync,
    synced,
    transfer,
    url,
    zipped,
)
from local.stand_ins import Caller

ONLY_IN = {"uploadPolicy": {"autoUpload": False}}
SITE = {"site/index.html": b"<html>", "site/img/a.png": b"png", "empty/": b""}


async def test_a_file_is_carried_in_to_its_full_path_and_out_again(agb: Caller) -> None:
    made = await session(agb)
    context = await transfer(agb, made)
    assert await transfer(agb, made) == context
    for path in ("/tmp/file_transfer/up.txt", "/tmp/x", "/home/user/new/folder/x"):
        folder = path.rpartition("/")[0]
        await put(agb, context, path, path.encode())
        await synced(agb, made, "download", contextId=context, path=folder)
        (line,) = await lines(agb, made, contextId=context, path=folder, taskType="download")
        assert (line["path"], line["status"]) == (folder, "Success")
        assert await shell(agb, made, f"cat {path}; echo changed > {path}") == path
        await synced(agb, made, "upload", contextId=context, path=folder)
        assert await get(agb, context, path) == b"changed\n"
    assert await lines(agb, made) == []
    await release(agb, made)


async def test_carrying_one_file_leaves_the_others_as_the_session_has_them(agb: Caller) -> None:
    made = await session(agb)
    context = await transfer(agb, made)
    for number, path in enumerate(("/tmp/a", "/tmp/b", "/tmp/a")):
        await put(agb, context, path, str(number).encode())
        await synced(agb, made, "download", contextId=context, path="/tmp/")
        assert await shell(agb, made, f"cat {path}; echo mine > /tmp/a") == str(number)
    await release(agb, made)


@pytest.mark.parametrize("path", ["/home/user/full", "/tmp/file_transfer/full"])
async def test_a_file_is_carried_in_neither_over_a_folder_nor_below_a_file(
    agb: Caller, path: str
) -> None:
    made = await session(agb)
    context = await transfer(agb, made)
    await shell(agb, made, f"mkdir -p {path}; echo mine > {path}/a")
    await put(agb, context, path, b"a file")
    folder = path.rpartition("/")[0]
    (line,) = await sync(agb, made, "download", contextId=context, path=folder)
    assert (line["status"], line["errorMessage"]) == ("Failed", "full: is a folder")
    await agb.post("/sdk/DeleteContextFile", {"contextId": context, "filePath": path})
    await put(agb, context, f"{path}/a/b", b"below a file")
    where = "/tmp/file_transfer" if "transfer" in path else f"{path}/a"
    (line,) = await sync(agb, made, "download", contextId=context, path=where)
    assert (line["status"], line["errorMessage"][-15:]) == ("Failed", "Not a directory")
    assert await shell(agb, made, f"cat {path}/a") == "mine\n"
    await release(agb, made)


async def test_only_a_folders_own_files_are_carried_out_but_all_of_the_transfer_folder(
    agb: Caller,
) -> None:
    made = await session(agb)
    context = await transfer(agb, made)
    await shell(
        agb, made, "mkdir -p /data/sub /tmp/file_transfer/sub; ln -s sub/x /data/link;"
        "ln -s /etc/passwd /data/host; ln -s nowhere /data/nowhere;"
        "echo x | tee /data/a /data/sub/x /tmp/file_transfer/sub/y",
    )  # fmt: skip
    for folder in ("/data", "/tmp/file_transfer"):
        await synced(agb, made, "upload", contextId=context, path=folder)
    assert await names(agb, context, "/data") == ["a", "link"]
    assert await get(agb, context, "/data/link") == b"x\n"
    assert await get(agb, context, "/tmp/file_transfer/sub/y") == b"x\n"
    await shell(agb, made, "rm /data/a")
    await synced(agb, made, "upload", contextId=context, path="/data")
    assert await names(agb, context, "/data") == ["link"]
    (line,) = await sync(agb, made, "upload", contextId=context, path="/nowhere")
    assert line["status"] == "Failed"
    await release(agb, made)


async def test_the_context_for_transfers_belongs_to_its_session_alone(agb: Caller) -> None:
    made, other = await session(agb), await session(agb)
    context = await transfer(agb, made)
    assert await transfer(agb, other) != context
    listed = (await agb.get("/sdk/ListContexts", maxResults=100)).data
    assert context not in {each["id"] for each in listed}
    for path in ("GetContext", "DeleteContext", "ClearContext"):
        method = "GET" if path == "GetContext" else "POST"
        said = await agb.send(method, f"/sdk/{path}", params={"id": context})
        assert said.code == "Context.NotFound"
    await synced(agb, made, "download", contextId=context)
    await release(agb, made)
    said = await agb.post("/sdk/DescribeContextFiles", {"contextId": context})
    assert said.code == "Context.NotFound"
    await release(agb, other)


@pytest.mark.parametrize("types", ["[]", '["other"]'])
async def test_there_are_no_other_contexts_of_a_sessions_own(agb: Caller, types: str) -> None:
    query = {"sessionId": "x", "contextTypes": types}
    said = await agb.post("/sdk/GetAndLoadInternalContext", query)
    assert (said.status, said.code) == (400, "InvalidParameter")


async def test_where_the_transfer_folder_cannot_be_there_are_no_transfers(agb: Caller) -> None:
    made = await session(agb)
    await shell(agb, made, "touch /tmp/file_transfer")
    query = {"sessionId": made, "contextTypes": '["file_transfer"]'}
    said = await agb.post("/sdk/GetAndLoadInternalContext", query)
    assert said.status == 400
    assert "/tmp/file_transfer" in said.message
    await release(agb, made)


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ({}, ["a", "site", "site/empty", "site/site"]),
        ({"deleteSrcFile": False}, ["a", "site", "site.zip", "site/empty", "site/site"]),
        ({"extractToCurrentFolder": True}, ["a", "empty", "site"]),
        ({"extract": False}, ["a", "site.zip"]),
    ],
)
async def test_an_archive_is_unpacked_as_the_policy_says(
    agb: Caller, policy: dict[str, bool], expected: list[str]
) -> None:
    context = await make(agb, f"archive {policy}")
    await put(agb, context, "x/site.zip", zipped(SITE))
    await put(agb, context, "x/a", b"")
    made = await session(agb, mount(context, "/m", extractPolicy=policy))
    found = await shell(agb, made, "cd /m/x; find . -maxdepth 2 -mindepth 1 -printf '%P\\n'")
    nested = {"site/img", "site/index.html"} if policy.get("extractToCurrentFolder") else set()
    assert set(found.split()) == {*expected, *nested}
    before = await files(agb, context, "x")
    await synced(agb, made)
    assert await files(agb, context, "x") == before
    await synced(agb, made, "download")
    await release(agb, made)


async def test_a_file_changed_after_it_was_unpacked_is_stored_beside_the_archive(
    agb: Caller,
) -> None:
    context = await make(agb, "changed after unpacked")
    await put(agb, context, "site.zip", zipped(SITE))
    made = await session(agb, mount(context, "/m"))
    await shell(agb, made, "echo changed > /m/site/site/index.html; rm /m/site/site/img/a.png")
    await release(agb, made)
    assert await names(agb, context) == ["site", "site.zip"]
    made = await session(agb, mount(context, "/m"))
    assert await shell(agb, made, "cat /m/site/site/index.html") == "changed\n"
    await release(agb, made)


async def test_an_archive_that_the_session_made_stays_one(agb: Caller) -> None:
    context = await make(agb, "own archive")
    made = await session(agb, mount(context, "/m"))
    await shell(agb, made, "cd /m; python3 -m zipfile -c own.zip /etc/passwd")
    await release(agb, made)
    made = await session(agb, mount(context, "/m"))
    assert await shell(agb, made, "ls /m") == "own.zip\n"
    await release(agb, made)


def with_info(content: bytes, **attributes: Any) -> bytes:
    """Make an archive of one entry that is not as it should be."""
    file = io.BytesIO()
    info = zipfile.ZipInfo("entry")
    for name, value in attributes.items():
        setattr(info, name, value)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(info, content, zipfile.ZIP_DEFLATED)
    return file.getvalue()


def damaged() -> bytes:
    data = bytearray(zipped({"good": b"good", "a": os.urandom(1000)}))
    data[200] ^= 255
    return bytes(data)


def locked() -> bytes:
    data = bytearray(zipped({"a": b"x"}))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


LINK = stat.S_IFLNK | 0o777

BAD = [
    (zipped({"ok": b"", "../out": b""}), "leaves its folder"),
    (zipped({"ok": b"", "a/../../out": b""}), "leaves its folder"),
    (zipped({"ok": b"", "..\\out": b""}), "leaves its folder"),
    (zipped({"ok": b"", "/etc/out": b""}), "is absolute"),
    (zipped({"ok": b"", "C:\\out": b""}), "is absolute"),
    (b"PK no archive", "it is broken"),
    (b"", "it is broken"),
    (damaged(), "it is broken"),
    (locked(), "password"),
    (with_info(b"", external_attr=LINK << 16), "a link to nowhere"),
    (with_info(b"x" * 5000, external_attr=LINK << 16), "a link to nowhere"),
]


@pytest.mark.parametrize(("content", "problem"), BAD, ids=[problem for _, problem in BAD])
async def test_an_archive_that_is_not_good_is_not_unpacked_at_all(
    agb: Caller, content: bytes, problem: str
) -> None:
    context = await make(agb, f"bad {len(content)} {problem}")
    await put(agb, context, "bad.zip", content)
    await put(agb, context, "other", b"")
    made = await agb.create(persistenceDataList=[mount(context, "/m", **ONLY_IN)])
    (line,) = await settled(agb, made)
    assert line["status"] == "Failed"
    assert "bad.zip: can't be unpacked: " in line["errorMessage"]
    assert problem in line["errorMessage"]
    assert await shell(agb, made, "ls /m") == "other\n"
    await release(agb, made)


async def test_bombs_are_not_unpacked(agb: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    context = await make(agb, "bombs")
    big = zipped({"a": b"\0" * 200_000_000})
    many = zipped({str(number): b"" for number in range(300)})
    await put(agb, context, "ratio.zip", big)

    async def problem() -> str:
        made = await agb.create(persistenceDataList=[mount(context, "/m", **ONLY_IN)])
        (line,) = await settled(agb, made)
        assert await shell(agb, made, "ls /m") == ""
        await release(agb, made)
        return str(line["errorMessage"])

    assert "holds more than 200 times its size" in await problem()
    monkeypatch.setattr(archives, "LARGEST", 10_000_000)
    assert "holds more than 10000000 bytes" in await problem()
    await put(agb, context, "ratio.zip", many)
    monkeypatch.setattr(archives, "MOST_ENTRIES", 299)
    assert "more than 299 entries" in await problem()
    monkeypatch.setattr(archives, "_LONGEST_DIRECTORY", 1000)
    assert "too many entries" in await problem()


async def test_a_colon_in_a_name_is_no_drive(agb: Caller) -> None:
    context = await make(agb, "colons in archives")
    await put(agb, context, "z.zip", zipped({"x:y": b"1", "a: b/c": b"2"}))
    made = await session(agb, mount(context, "/m", **ONLY_IN))
    assert await shell(agb, made, "cd /m/z; cat x:y 'a: b/c'") == "12"
    await release(agb, made)


async def test_links_in_an_archive_stay_links(agb: Caller) -> None:
    context = await make(agb, "links in archives")
    await put(agb, context, "l.zip", with_info(b"/etc/shadow", external_attr=LINK << 16))
    made = await session(agb, mount(context, "/m", **ONLY_IN))
    assert await shell(agb, made, "readlink -n /m/l/entry") == "/etc/shadow"
    await release(agb, made)


@pytest.mark.parametrize("listed", ["ext_1", "ext_1.zip", "/ext_1.zip", "tmp/extensions/ext_1"])
async def test_an_extension_lies_unpacked_under_its_id(agb: Caller, listed: str) -> None:
    context = await make(agb, f"extensions {listed}")
    for number in (1, 2):
        content = zipped({"manifest.json": str(number).encode()})
        await put(agb, context, f"/tmp/extensions/ext_{number}.zip", content)
    assert await names(agb, context, "/tmp/extensions") == ["ext_1.zip", "ext_2.zip"]
    policy = {
        **ONLY_IN,
        "deletePolicy": {"syncLocalFile": False},
        "bwList": {"whiteLists": [{"path": listed, "excludePaths": []}]},
    }
    made = await session(agb, mount(context, "/tmp/extensions/", **policy))
    assert [line["path"] for line in await lines(agb, made)] == ["/tmp/extensions/"]
    found = await shell(agb, made, "cd /tmp/extensions; find . -type f")
    if listed.startswith("tmp"):  # white lists are relative to the mount
        assert found == ""
    else:
        assert found == "./ext_1/manifest.json\n"
    await release(agb, made)


async def test_a_url_for_a_link_or_a_folder_reads_nothing(agb: Caller) -> None:
    context = await make(agb, "links and folders")
    made = await session(agb, mount(context, "/m"))
    await shell(agb, made, "cd /m; ln -s /etc/passwd l; mkdir d")
    await synced(agb, made)
    for path in ("l", "d"):
        assert (await agb.http.get(await url(agb, context, path))).status_code == 404
    refused = await agb.http.put(await url(agb, context, "d", "Upload"), content=b"")
    assert refused.status_code == 409
    refused = await agb.http.put(await url(agb, context, "l/x", "Upload"), content=b"")
    assert refused.status_code == 409
    await release(agb, made)
