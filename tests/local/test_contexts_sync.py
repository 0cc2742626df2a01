"""What is synchronised between contexts and sessions, and when, with real sandboxes."""

import json
import shlex
from typing import Any

import pytest

from agb.local.contexts import archives
from agb.local.settings import Settings
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
)
from local.stand_ins import Caller, calling, serving

PATH = "/home/data"
NO_DOWNLOAD = {"downloadPolicy": {"autoDownload": False}}
NO_UPLOAD = {"uploadPolicy": {"autoUpload": False}}
KEEP = {"deletePolicy": {"syncLocalFile": False}}
ARCHIVE = {"uploadPolicy": {"uploadMode": "Archive"}}

ODD = "\n".join(  # noqa: FLY002 - it is a script
    (
        "cd /home/data",
        "mkdir -p 'deep/er folder' empty/emptier",
        "printf one > 'deep/er folder/a file'",
        'printf two > "quo\'te\\"s"',
        "printf three > $'new\\nline'",
        "printf four > ünï-😀",
        "printf five > $'not-utf8-\\xff'",
        "printf six > script; chmod 750 script",
        "printf seven > read-only; chmod 444 read-only",
        "ln -s 'deep/er folder/a file' inside",
        "ln -s /etc/passwd outside",
        "ln -s nowhere dangling",
        "ln script hard",
        "chmod 700 empty/emptier",
        "touch -d '2001-02-03 04:05:06.789' read-only",
        "mkfifo pipe",
    )
)

LIST = (
    "cd /home/data && find . ! -type p -printf '%y %m %P %l\\0' | sort -z | base64 -w0 && "
    "find . -type f -print0 | sort -z | xargs -0 sha256sum | base64 -w0 && "
    "stat -c %Y read-only"
)


@pytest.mark.parametrize("policy", [{}, ARCHIVE], ids=["File", "Archive"])
async def test_everything_in_a_mount_is_found_again_by_the_next_session(
    agb: Caller, policy: dict[str, Any]
) -> None:
    context = await make(agb, f"odd {policy}")
    first = await session(agb, mount(context, PATH, **policy))
    await shell(agb, first, ODD)
    before = await shell(agb, first, LIST)
    await release(agb, first)
    second = await session(agb, mount(context, PATH, **policy))
    assert await shell(agb, second, LIST) == before
    assert await shell(agb, second, f"cat '{PATH}/inside' && touch {PATH}/x") == "one"
    await release(agb, second)


async def test_a_mount_is_writable_at_once_and_tells_its_status(agb: Caller) -> None:
    context = await make(agb, "status")
    paths = ["/home/a", "/tmp/mapping/deep", "/new/root", "/home"]
    made = await agb.create(persistenceDataList=[mount(context, path) for path in paths])
    for path in paths:
        await shell(agb, made, f"touch {path}/x")
    found = await settled(agb, made)
    assert [line["path"] for line in found] == sorted(paths)
    for line in found:
        assert (line["status"], line["taskType"]) == ("Success", "download")
        assert line["contextId"] == context
        assert line["finishTime"] >= line["startTime"] > 1_700_000_000
        assert "errorMessage" not in line
    assert [line["path"] for line in await lines(agb, made, path="/new/root/")] == ["/new/root"]
    assert await lines(agb, made, taskType="upload") == []
    assert await lines(agb, made, contextId="other") == []
    await release(agb, made)


async def test_a_session_without_mounts_has_nothing_to_tell(agb: Caller) -> None:
    made = await session(agb)
    said = await agb.get("/sdk/GetContextInfo", sessionId=made)
    assert said.data == {"contextStatus": "[]"}
    await synced(agb, made)
    await release(agb, made)


async def test_what_cannot_be_mounted_is_told_and_the_rest_is_mounted(agb: Caller) -> None:
    context = await make(agb, "impossible")
    bad = ["/usr/x", "/usr", "/proc/x", "/dev/shm/x", "/etc"]
    made = await session(
        agb, mount("nobody's", "/data/x"), mount(context, PATH), *(mount(context, p) for p in bad)
    )
    found = {line["path"]: line for line in await lines(agb, made)}
    assert found[PATH]["status"] == "Success"
    for path in (*bad, "/data/x"):
        assert found[path]["status"] == "Failed"
        assert found[path]["errorMessage"]
    assert '"nobody\'s" not found' in found["/data/x"]["errorMessage"]
    query = {"sessionId": made, "contextId": context, "path": "/etc"}
    assert (await agb.post("/sdk/SyncContext", query)).code == "Context.NotMounted"
    await release(agb, made)


async def test_a_browsers_context_need_not_have_been_made(agb: Caller) -> None:
    await make(agb, "taken")
    path = "/tmp/agb_browser_data"
    for context in ("browser/../of me", "taken"):
        for _ in range(2):
            made = await session(agb, mount(context, path))
            assert (await lines(agb, made))[0]["status"] == "Success"
            await shell(agb, made, f"echo x >> {path}/state")
            await release(agb, made)
        assert await get(agb, context, "state") == b"x\nx\n"
        found = (await agb.get("/sdk/GetContext", id=context)).data
        assert found["name"].startswith(context)


async def test_nothing_comes_in_or_goes_out_that_the_policy_keeps_back(agb: Caller) -> None:
    context = await make(agb, "kept back")
    await put(agb, context, "a", b"a")
    made = await session(agb, mount(context, PATH, **NO_DOWNLOAD, **NO_UPLOAD))
    assert await shell(agb, made, f"ls {PATH}; echo b > {PATH}/b") == ""
    assert (await lines(agb, made))[0]["status"] == "Success"
    await release(agb, made)
    assert await names(agb, context) == ["a"]


async def test_an_upload_on_demand_is_done_when_its_status_says_so(agb: Caller) -> None:
    context, other = await make(agb, "demand"), await make(agb, "demand, too")
    made = await session(
        agb, mount(context, PATH, **NO_UPLOAD), mount(other, "/other", **NO_UPLOAD)
    )
    await shell(agb, made, f"echo a > {PATH}/a; echo b > /other/b")
    await synced(agb, made, contextId=context, path=PATH)
    assert (await names(agb, context), await names(agb, other)) == (["a"], [])
    said = await agb.post("/sdk/SyncContext", {"sessionId": made})
    assert said.status == 200
    assert {line["taskType"] for line in await settled(agb, made)} == {"upload", "download"}
    assert await names(agb, other) == ["b"]
    await release(agb, made)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"mode": "sideways"}, "InvalidParameter"),
        ({"path": "relative"}, "InvalidParameter"),
        ({"contextId": "x", "path": "/x"}, "Context.NotMounted"),
        ({"contextId": "x"}, "Context.NotMounted"),
        ({"path": "/x"}, "Context.NotMounted"),
    ],
)
async def test_what_is_not_mounted_is_not_synchronised(
    agb: Caller, query: dict[str, str], code: str
) -> None:
    made = await session(agb)
    said = await agb.post("/sdk/SyncContext", {"sessionId": made, **query})
    assert (said.status, said.code) == (400, code)
    await release(agb, made)


async def test_a_download_on_demand_brings_what_is_new_and_keeps_what_is_the_sessions(
    agb: Caller,
) -> None:
    context = await make(agb, "download")
    made = await session(agb, mount(context, PATH))
    await shell(agb, made, f"echo mine > {PATH}/mine; mkdir {PATH}/file; touch {PATH}/dir")
    await put(agb, context, "new/er", b"new")
    await put(agb, context, "file", b"a file")
    await put(agb, context, "dir/x", b"in a folder")
    await synced(agb, made, "download")
    assert await shell(agb, made, f"cd {PATH}; cat mine new/er file dir/x") == (
        "mine\nnewa filein a folder"
    )
    await release(agb, made)


@pytest.mark.parametrize("mode", ["File", "Archive"])
@pytest.mark.parametrize("follows", [True, False])
async def test_files_deleted_in_the_session_go_or_stay_as_the_policy_says(
    agb: Caller, mode: str, follows: bool
) -> None:
    policy = {
        "deletePolicy": {"syncLocalFile": follows},
        "uploadPolicy": {"uploadMode": mode},
    }
    context = await make(agb, f"deleted {mode} {follows}")
    first = await session(agb, mount(context, PATH, **policy))
    await shell(agb, first, f"cd {PATH}; mkdir d; touch a b d/c; ln -s a l")
    await synced(agb, first)
    await shell(agb, first, f"cd {PATH}; rm -r a d l; touch e")
    await release(agb, first)
    second = await session(agb, mount(context, PATH, **policy))
    expected = ["b", "e"] if follows else ["a", "b", "d", "e", "l"]
    assert (await shell(agb, second, f"ls {PATH}")).split() == expected
    await shell(agb, second, f"rm {PATH}/b")
    await release(agb, second)
    third = await session(agb, mount(context, PATH, **policy))
    assert ("b" in (await shell(agb, third, f"ls {PATH}")).split()) is not follows
    await release(agb, third)


async def test_a_mount_that_the_session_removed_takes_nothing_with_it(agb: Caller) -> None:
    context = await make(agb, "removed")
    await put(agb, context, "a", b"a")
    made = await session(agb, mount(context, PATH))
    await shell(agb, made, f"rm -r {PATH}")
    (line,) = await sync(agb, made)
    assert (line["status"], line["errorMessage"]) == ("Failed", "No such file or directory")
    await release(agb, made)
    assert await names(agb, context) == ["a"]


async def test_archive_mode_stores_one_zip_that_is_unpacked_where_it_is_mounted(
    agb: Caller,
) -> None:
    context = await make(agb, "archive")
    first = await session(agb, mount(context, PATH, **ARCHIVE))
    await synced(agb, first)
    assert await names(agb, context) == []
    await shell(agb, first, f"cd {PATH}; mkdir d; echo a > d/a; echo b > b")
    await synced(agb, first)
    (stored,) = await files(agb, context)
    assert (stored["fileName"], stored["fileType"]) == ("archive.zip", "zip")
    await synced(agb, first)
    assert await files(agb, context) == [stored]
    await release(agb, first)
    second = await session(agb, mount(context, PATH, **ARCHIVE))
    await shell(agb, second, f"cd {PATH}; [ $(cat d/a b | wc -l) = 2 ]; echo b2 > b; rm d/a")
    await synced(agb, second, "download")
    await synced(agb, second)
    assert (await files(agb, context))[0]["gmtModified"] != stored["gmtModified"]
    await release(agb, second)
    third = await session(agb, mount(context, "/elsewhere", **ARCHIVE))
    assert await shell(agb, third, "cd /elsewhere; cat b; ls -A . d") == "b2\n.:\nb\nd\n\nd:\n"
    await release(agb, third)


async def test_an_archive_of_the_sessions_own_may_hold_any_name_and_any_size(
    agb: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    for limit in ("MOST_ENTRIES", "LARGEST", "_LONGEST_DIRECTORY"):
        monkeypatch.setattr(archives, limit, 1)
    context = await make(agb, "odd names in an archive")
    first = await session(agb, mount(context, PATH, **ARCHIVE))
    odd = ("a:b", "C:\\x", "\\x", "..\\x", "a\\..\\b", " x ")
    touch = "touch -- " + " ".join(map(shlex.quote, odd))
    await shell(agb, first, f"cd {PATH}; {touch}; truncate -s 200M sparse")
    await synced(agb, first)
    await shell(agb, first, f"echo more > {PATH}/more")
    await release(agb, first)
    second = await session(agb, mount(context, PATH, **ARCHIVE))
    found = await shell(
        agb, second, f"cd {PATH}; find . -type f -printf '%P\\n'; stat -c %s sparse"
    )
    assert sorted(found.splitlines()) == sorted((*odd, "more", "sparse", str(200 << 20)))
    await release(agb, second)


async def test_an_archive_that_is_broken_is_told_as_such_and_kept(settings: Settings) -> None:
    async with serving(settings) as server, calling(server.endpoint) as agb:
        context = await make(agb, "broken archive")
        made = await session(agb, mount(context, PATH, **ARCHIVE))
        await shell(agb, made, f"echo a > {PATH}/a")
        await synced(agb, made)
        (blob,) = settings.data_dir.glob("contexts/blobs/*/*")
        blob.write_bytes(b"no archive")
        await shell(agb, made, f"echo b > {PATH}/b")
        (line,) = await sync(agb, made)
        assert line["status"] == "Failed"
        assert "the archive in the context can't be read: it is broken" in line["errorMessage"]
        assert blob.exists()


async def test_only_what_is_listed_and_not_excluded_is_synchronised(agb: Caller) -> None:
    context = await make(agb, "listed")
    listed = [
        {"path": "/src", "excludePaths": ["/src/out", "/tmp", ""]},
        {"path": "file.txt", "excludePaths": []},
    ]
    policy = {"bwList": {"whiteLists": listed}}
    await put(agb, context, "other", b"not listed")
    await put(agb, context, "src/first", b"listed")
    made = await session(agb, mount(context, PATH, **policy))
    assert await shell(agb, made, f"cd {PATH}; find . -type f") == "./src/first\n"
    await shell(
        agb,
        made,
        f"cd {PATH}; mkdir -p src/out src/tmp srcs no; rm src/first;"
        "touch src/a src/out/b src/tmp/c srcs/d no/file.txt file.txt other2",
    )
    await synced(agb, made)
    await release(agb, made)
    assert await names(agb, context) == ["file.txt", "other", "src"]
    assert await names(agb, context, "src") == ["a"]


async def test_an_archive_keeps_what_this_mount_does_not_list(agb: Caller) -> None:
    context = await make(agb, "listed in archives")
    made = await session(agb, mount(context, PATH, **ARCHIVE))
    await shell(agb, made, f"cd {PATH}; mkdir a b; echo 1 > a/x; echo 1 > b/x")
    await release(agb, made)
    only_a = {"bwList": {"whiteLists": [{"path": "a", "excludePaths": []}]}}
    made = await session(agb, mount(context, PATH, **ARCHIVE, **only_a))
    assert await shell(agb, made, f"cd {PATH}; ls; echo 2 > a/x; echo 2 > a/y") == "a\n"
    await release(agb, made)
    made = await session(agb, mount(context, PATH, **ARCHIVE))
    assert await shell(agb, made, f"cd {PATH}; tail -n 1 */*") == (
        "==> a/x <==\n2\n\n==> a/y <==\n2\n\n==> b/x <==\n1\n"
    )
    await release(agb, made)


async def test_data_stored_from_one_path_is_found_under_another(agb: Caller) -> None:
    context = await make(agb, "mapped")
    first = await session(agb, mount(context, "/home/a"))
    await shell(agb, first, "mkdir /home/a/home; echo x > /home/a/home/x")
    await release(agb, first)
    await put(agb, context, "/home/a/linked", b"y")
    second = await session(agb, mount(context, "/tmp/b", mappingPolicy={"path": "/home/a"}))
    assert await shell(agb, second, "cd /tmp/b; cat home/x linked") == "x\ny"
    assert [line["path"] for line in await lines(agb, second)] == ["/tmp/b"]
    await shell(agb, second, "echo z > /tmp/b/linked")
    await release(agb, second)
    assert await get(agb, context, "home/a/linked") == b"z\n"


async def test_a_mount_within_a_mount_has_files_of_its_own(agb: Caller) -> None:
    outer, inner = await make(agb, "outer"), await make(agb, "inner")
    await put(agb, outer, "sub/hidden", b"")
    made = await session(agb, mount(inner, f"{PATH}/sub"), mount(outer, PATH))
    assert await shell(agb, made, f"cd {PATH}; ls sub; touch a sub/b") == ""
    await release(agb, made)
    assert await names(agb, outer) == ["a", "sub"]
    assert await names(agb, outer, "sub") == ["hidden"]
    assert await names(agb, inner) == ["b"]


async def test_of_two_sessions_on_one_context_the_last_one_wins_file_by_file(agb: Caller) -> None:
    context = await make(agb, "shared")
    for name in ("a", "b", "c", "d"):
        await put(agb, context, name, b"0")
    one, two = [await session(agb, mount(context, PATH)) for _ in range(2)]
    await shell(agb, one, f"cd {PATH}; echo 1 > a; echo 1 > b; echo 1 > new1; rm c")
    await shell(agb, two, f"cd {PATH}; echo 2 > b; echo 2 > new2; rm d")
    await synced(agb, one)
    await synced(agb, two)
    found = await names(agb, context)
    assert found == ["a", "b", "c", "new1", "new2"]  # the second session still had c
    contents = [await get(agb, context, name) for name in found]
    assert contents == [b"1\n", b"2\n", b"0", b"1\n", b"2\n"]
    await synced(agb, one, "download")
    assert await shell(agb, one, f"cd {PATH}; cat b new2") == "2\n2\n"
    await release(agb, one)
    await release(agb, two)


async def test_a_file_takes_the_place_of_a_folder_and_the_other_way_round(agb: Caller) -> None:
    context = await make(agb, "places")
    first = await session(agb, mount(context, PATH, **KEEP))
    await shell(agb, first, f"cd {PATH}; mkdir -p a/b; touch a/b/c; echo f > d; ln -s a l")
    await synced(agb, first)
    await shell(agb, first, f"cd {PATH}; rm -r a d l; echo f > a; mkdir -p d/e l; touch l/x")
    await release(agb, first)
    second = await session(agb, mount(context, PATH, **KEEP))
    assert await shell(agb, second, f"cd {PATH}; find . -printf '%y%P '") in {
        " ".join(order) + " "
        for order in [("d", *rest) for rest in _orders(("fa",), ("dd", "dd/e"), ("dl", "fl/x"))]
    }
    await release(agb, second)


def _orders(*groups: tuple[str, ...]) -> list[tuple[str, ...]]:
    if not groups:
        return [()]
    return [
        (*group, *rest)
        for number, group in enumerate(groups)
        for rest in _orders(*groups[:number], *groups[number + 1 :])
    ]


async def test_a_link_planted_in_a_mount_leads_neither_in_nor_out(agb: Caller) -> None:
    context = await make(agb, "planted")
    await put(agb, context, "a/x", b"from the context")
    await put(agb, context, "y", b"from the context")
    made = await session(agb, mount(context, PATH, **NO_UPLOAD))
    await shell(
        agb,
        made,
        f"mkdir /tmp/t; echo mine > /tmp/t/x; cd {PATH}; rm -r a y; ln -s /tmp/t a;"
        "ln -s /tmp/t/x y; ln -s /etc/shadow s; ln -s / root",
    )
    await synced(agb, made)
    found = {line["fileName"]: line for line in await files(agb, context)}
    assert {name: line["fileType"] for name, line in found.items()} == {
        "a": "link", "root": "link", "s": "link", "y": "link",
    }  # fmt: skip
    await put(agb, context, "z/x", b"z")
    await shell(agb, made, f"cd {PATH}; ln -s /tmp/t z")
    await synced(agb, made, "download")
    assert await shell(agb, made, f"cat /tmp/t/x {PATH}/z/x; readlink {PATH}/a") == (
        "mine\nz/tmp/t\n"
    )
    await release(agb, made)


async def test_a_mount_that_became_a_link_is_where_the_link_leads_in_the_session(
    agb: Caller,
) -> None:
    context = await make(agb, "moved")
    made = await session(agb, mount(context, PATH))
    await shell(
        agb, made, f"rmdir {PATH}; mkdir /tmp/real; ln -s ../tmp/real {PATH}; touch {PATH}/x"
    )
    await synced(agb, made)
    assert await names(agb, context) == ["x"]
    await shell(agb, made, f"rm {PATH}; ln -s {PATH} {PATH}")
    (line,) = await sync(agb, made)
    assert line["status"] == "Failed"
    assert "too many symbolic links" in line["errorMessage"]
    await release(agb, made)


async def test_folders_nested_without_end_are_refused(agb: Caller) -> None:
    context = await make(agb, "deep")
    made = await session(agb, mount(context, PATH))
    await shell(agb, made, f"cd {PATH}; for i in $(seq 300); do mkdir d; cd d; done")
    (line,) = await sync(agb, made)
    assert line["status"] == "Failed"
    assert "nested too deeply" in line["errorMessage"]
    await release(agb, made)


async def test_a_deleted_context_leaves_the_session_its_files_and_takes_no_more(
    agb: Caller,
) -> None:
    context = await make(agb, "deleted while mounted")
    await put(agb, context, "a", b"a")
    made = await session(agb, mount(context, PATH))
    assert (await agb.post("/sdk/DeleteContext", {"id": context})).status == 200
    assert await shell(agb, made, f"cat {PATH}/a; touch {PATH}/b") == "a"
    for mode in ("upload", "download"):
        (line,) = await sync(agb, made, mode)
        assert line["status"] == "Failed"
        assert "Context.NotFound" in line["errorMessage"]
    await release(agb, made)


async def test_a_context_cleared_while_mounted_gets_what_the_session_still_has(
    agb: Caller,
) -> None:
    for policy in ({}, ARCHIVE):
        context = await make(agb, f"cleared while mounted {policy}")
        made = await session(agb, mount(context, PATH, **policy))
        await shell(agb, made, f"touch {PATH}/a")
        await synced(agb, made)
        assert (await agb.post("/sdk/ClearContext", {"id": context})).status == 200
        assert await names(agb, context) == []
        await synced(agb, made)
        assert await names(agb, context) == ["archive.zip" if policy else "a"]
        await release(agb, made)


async def test_files_touched_but_not_changed_keep_their_contents_in_the_context(
    agb: Caller,
) -> None:
    context = await make(agb, "touched")
    made = await session(agb, mount(context, PATH))
    await shell(agb, made, f"cd {PATH}; echo same > a; touch -d @1 a; mkdir d")
    await synced(agb, made)
    (before, _) = await files(agb, context)
    await shell(agb, made, f"cd {PATH}; echo same > a; touch -d @1 a")
    await synced(agb, made)
    assert (await files(agb, context))[0] == before
    await shell(agb, made, f"cd {PATH}; echo SAME > a; touch -d @1 a; chmod 700 d")
    await synced(agb, made)
    assert await get(agb, context, "a") == b"SAME\n"
    await release(agb, made)
    made = await session(agb, mount(context, PATH))
    assert await shell(agb, made, f"stat -c '%a %Y' {PATH}/d {PATH}/a | head -c 3") == "700"
    await release(agb, made)


async def test_ten_thousand_small_files_are_found_again(agb: Caller) -> None:
    context = await make(agb, "many")
    first = await session(agb, mount(context, PATH))
    await shell(
        agb,
        first,
        f"cd {PATH}; for d in $(seq 100); do mkdir $d; for f in $(seq 100); do"
        " echo $d $f > $d/$f; done; done",
    )
    command = f"cd {PATH}; find . -type f | sort | xargs cat | sha256sum"
    before = await shell(agb, first, command)
    await release(agb, first)
    second = await session(agb, mount(context, PATH))
    assert await shell(agb, second, command) == before
    await release(agb, second)
    said = await agb.post(
        "/sdk/DescribeContextFiles",
        {"contextId": context, "parentFolderPath": "/7/", "pageNumber": 4, "pageSize": 30},
    )
    assert (said.body["count"], len(said.data)) == (100, 10)
    page = json.dumps(said.data)
    assert "/7/99" in page
