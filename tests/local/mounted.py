"""Calls about contexts, as a stranger would make them."""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

import httpx

from local.stand_ins import Caller, Said

DONE = {"Success", "Failed"}
Line = dict[str, Any]


async def make(caller: Caller, name: str) -> str:
    """Make a context and give its id."""
    said = await caller.get("/sdk/GetContext", name=name, allowCreate="true")
    assert said.status == 200, said.body
    return str(said.data["id"])


def mount(context_id: str, path: str, **policy: Any) -> dict[str, str]:
    """Write an entry of a new session's list of mounts."""
    return {"contextId": context_id, "path": path, "policy": json.dumps(policy)}


async def session(caller: Caller, *mounts: dict[str, str], **body: Any) -> str:
    """Make a session and wait for its mounts."""
    session_id = await caller.create(persistenceDataList=list(mounts), **body)
    await settled(caller, session_id)
    return session_id


async def lines(caller: Caller, session_id: str, **query: str) -> list[Line]:
    said = await caller.get("/sdk/GetContextInfo", sessionId=session_id, **query)
    assert said.status == 200, said.body
    groups = json.loads(said.data["contextStatus"])
    return [line for group in groups for line in json.loads(group["data"])]


async def settled(caller: Caller, session_id: str, **query: str) -> list[Line]:
    """Ask until nothing is under way any more."""
    while True:
        found = await lines(caller, session_id, **query)
        if all(line["status"] in DONE for line in found):
            return found


async def sync(caller: Caller, session_id: str, mode: str = "upload", **query: str) -> list[Line]:
    """Synchronise, wait, and give what is told of that direction."""
    query = {"sessionId": session_id, "mode": mode, **query}
    said = await caller.post("/sdk/SyncContext", query)
    assert said.status == 200, said.body
    more = {key: query[key] for key in ("contextId", "path") if key in query}
    found = await settled(caller, session_id, **more)
    return [line for line in found if line["taskType"] == mode]


async def synced(caller: Caller, session_id: str, mode: str = "upload", **query: str) -> None:
    """Synchronise, which must go well."""
    for line in await sync(caller, session_id, mode, **query):
        assert line["status"] == "Success", line


async def shell(caller: Caller, session_id: str, command: str) -> str:
    """Run a command, which must go well, and give what it printed."""
    said = await caller.tool(session_id, "shell", command=command, timeout_ms=30_000)
    outcome = json.loads(said.text)
    assert outcome["exit_code"] == 0, outcome
    return str(outcome["stdout"])


async def release(caller: Caller, session_id: str) -> None:
    assert (await caller.post("/mcp/releaseSession", sessionId=session_id)).status == 200


async def files(caller: Caller, context_id: str, folder: str = "/", **query: Any) -> list[Line]:
    """List a folder of a context."""
    query = {"contextId": context_id, "parentFolderPath": folder, **query}
    said = await caller.post("/sdk/DescribeContextFiles", query)
    assert said.status == 200, said.body
    found: list[Line] = said.data
    return found


async def names(caller: Caller, context_id: str, folder: str = "/") -> list[str]:
    return [line["fileName"] for line in await files(caller, context_id, folder)]


async def url(caller: Caller, context_id: str, path: str, direction: str = "Download") -> str:
    query = {"contextId": context_id, "filePath": path}
    said = await caller.post(f"/sdk/GetContextFile{direction}Url", query)
    assert said.status == 200, said.body
    return str(said.data["url"])


async def put(caller: Caller, context_id: str, path: str, content: bytes) -> httpx.Response:
    """Store an object by a signed URL, which must go well."""
    response = await caller.http.put(await url(caller, context_id, path, "Upload"), content=content)
    assert response.status_code == 200, response.text
    assert response.headers["etag"] == f'"{hashlib.sha256(content).hexdigest()}"'
    return response


async def get(caller: Caller, context_id: str, path: str) -> bytes:
    """Read an object by a signed URL, which must go well."""
    response = await caller.http.get(await url(caller, context_id, path))
    assert response.status_code == 200, response.text
    return response.content


async def transfer(caller: Caller, session_id: str) -> str:
    """Give the id of a session's own context."""
    query = {"sessionId": session_id, "contextTypes": '["file_transfer"]'}
    said: Said = await caller.post("/sdk/GetAndLoadInternalContext", query)
    assert said.status == 200, said.body
    assert said.data[0]["contextPath"] == "/tmp/file_transfer"
    assert said.data[0]["contextType"] == "file_transfer"
    return str(said.data[0]["contextId"])


def zipped(contents: Mapping[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return file.getvalue()
