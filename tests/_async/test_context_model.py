"""Whatever sessions do to a mounted context, it holds the same as a model of it."""

import base64
import json
import shlex
from collections.abc import Sequence
from uuid import uuid4

from attrs import define, field
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from support.local import own_file_system

from agb import (
    AsyncAGB,
    AsyncSession,
    ContextSync,
    CreateSessionParams,
    SyncPolicy,
    UploadMode,
    UploadPolicy,
)

pytestmark = own_file_system  # a command puts bytes that are no text in their place
MOUNT = "/home/data"

# A file's name never equals a folder's, and is short enough for any file system.
characters = st.characters(codec="utf-8", exclude_categories=["Cc"], exclude_characters="/")
folders = st.lists(
    st.sampled_from(["a b", "ü:", "日本", "'quoted' \"twice\"", "x.link"]), max_size=2
)
odd = ["a:b", "\\x", "..\\x", " x ", "a.folder", "archive.zip", "C:\\x", "-rf"]
files = st.sampled_from(odd) | st.text(characters, max_size=12).map(lambda stem: f"{stem}.f")
names = st.tuples(folders, files).map(lambda path: "/".join([*path[0], path[1]]))

# What is done, to which of the files, and what it holds or says then.
steps = st.one_of(
    st.tuples(st.just("write"), st.integers(0, 3), st.binary(max_size=300)),
    st.tuples(st.just("link"), st.integers(0, 3), st.sampled_from([b"nowhere", b"..", b"/etc"])),
    st.tuples(st.sampled_from(["delete", "mkdir"]), st.integers(0, 3), st.just(b"")),
    st.tuples(
        st.sampled_from(["sync", "reopen", "clear", "swap", "forget"]), st.just(0), st.just(b"")
    ),
)
Step = tuple[str, int, bytes]
Thing = tuple[str, bytes]
FOLDER: Thing = ("folder", b"")

PATHS = ["a b/ü:/archive.zip", " x ", "..\\x", "a:b"]
ALL_OF_IT: list[Step] = [
    ("write", 0, b""),
    ("link", 2, b"nowhere"),
    ("sync", 0, b""),
    ("write", 0, b"\xff\0"),
    ("mkdir", 1, b""),
    ("write", 3, b"1"),
    ("swap", 0, b""),
    ("delete", 3, b""),
    ("write", 2, b"no link any more"),
    ("clear", 0, b""),
    ("swap", 0, b""),
    ("delete", 0, b""),
    ("reopen", 0, b""),
    ("delete", 2, b""),
    ("forget", 0, b""),
    ("write", 1, b"2"),
]

LOOK = """
import base64, json, os, sys
root, found = os.fsencode(sys.argv[1]), {}
for folder, names, files in os.walk(root):
    for name in names + files:
        path = os.path.join(folder, name)
        if os.path.islink(path):
            thing = "link", os.readlink(path)
        elif os.path.isdir(path):
            thing = "folder", b""
        else:
            thing = "file", open(path, "rb").read()
        key = os.fsdecode(os.path.relpath(path, root))
        found[key] = thing[0], base64.b64encode(thing[1]).decode()
print(json.dumps(found))
"""


@define
class Held:
    """What a session has in its mount, and what of that its context knew at the last sync."""

    things: dict[str, Thing]
    seen: set[str] = field(init=False)
    touched: set[str] = field(factory=set[str])

    def __attrs_post_init__(self) -> None:
        self.seen = set(self.things)

    def have(self, path: str, thing: Thing) -> None:
        parts = path.split("/")
        for count in range(1, len(parts)):
            self.things["/".join(parts[:count])] = FOLDER
        self.things[path] = thing
        self.touched.add(path)

    def upload(self, context: dict[str, Thing]) -> None:
        for path in self.seen - self.things.keys():
            context.pop(path, None)
        for path, thing in self.things.items():
            if path in self.touched or path not in context:
                context[path] = thing
        self.seen, self.touched = set(self.things), set[str]()

    def download(self, context: dict[str, Thing]) -> None:
        self.things |= context
        self.seen |= context.keys()


async def held(session: AsyncSession) -> dict[str, Thing]:
    """Return everything in the mount, by its path there."""
    command = f"python3 -c {shlex.quote(LOOK)} {MOUNT}"
    said = (await session.command.execute(command, timeout_ms=30_000)).raise_for_error()
    found = json.loads(said.output)
    return {path: (kind, base64.b64decode(data)) for path, (kind, data) in found.items()}


async def opened(agb: AsyncAGB, params: CreateSessionParams) -> AsyncSession:
    """Return a new session."""
    session = (await agb.create(params)).raise_for_error().session
    assert session is not None
    return session


async def do(session: AsyncSession, model: Held, step: Step, path: str) -> None:
    """Change one thing in a session and in its model."""
    kind, _, content = step
    place = f"{MOUNT}/{path}"
    folder = path.rpartition("/")[0] or "empty.folder"
    if kind in {"delete", "write", "link"} and path in model.things:
        (await session.file.remove(place)).raise_for_error()
        del model.things[path]
    if kind == "write":
        (await session.file.write(place, content)).raise_for_error()
        model.have(path, ("file", content))
    elif kind == "mkdir":
        (await session.file.mkdir(f"{MOUNT}/{folder}")).raise_for_error()
        model.have(f"{folder}/x", FOLDER)
        del model.things[f"{folder}/x"]
    elif kind == "link":
        quoted = f"{shlex.quote(content.decode())} {shlex.quote(place)}"
        above = shlex.quote(place.rpartition("/")[0])
        command = f"mkdir -p -- {above} && ln -s -- {quoted}"
        (await session.command.execute(command)).raise_for_error()
        model.have(path, ("link", content))


def parts_of(steps: Sequence[Step]) -> list[list[Step]]:
    """Return what is done until all sessions are released; nothing in the last part."""
    parts: list[list[Step]] = [[]]
    for step in steps:
        parts[-1].append(step)
        if step[0] in {"reopen", "forget"}:
            parts.append([])
    return [*parts, []]


@example(UploadMode.FILE, PATHS, ALL_OF_IT)
@example(UploadMode.ARCHIVE, PATHS, ALL_OF_IT)
@given(
    mode=st.sampled_from(UploadMode),
    paths=st.lists(names, min_size=1, max_size=4, unique=True),
    steps=st.lists(steps, max_size=14),
)
@settings(
    max_examples=8,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_a_context_holds_what_its_sessions_left(
    agb: AsyncAGB, mode: UploadMode, paths: list[str], steps: list[Step]
) -> None:
    context = (await agb.context.create(f"model-{uuid4().hex}")).raise_for_error()
    policy = SyncPolicy(upload_policy=UploadPolicy(upload_mode=mode))
    params = CreateSessionParams(context_syncs=[ContextSync(context.context_id, MOUNT, policy)])
    stored: dict[str, Thing] = {}
    for part in parts_of(steps):
        pairs = [(await opened(agb, params), Held(dict(stored)))]
        now = 0
        assert await held(pairs[0][0]) == stored
        for step in part:
            session, model = pairs[now]
            if step[0] in {"sync", "swap"}:
                (await session.context.sync(mode="upload")).raise_for_error()
                model.upload(stored)
            elif step[0] == "clear":
                (await agb.context.clear(context.context_id)).raise_for_error()
                stored.clear()
            else:
                await do(session, model, step, paths[step[1] % len(paths)])
            if step[0] == "swap":
                now = 1 - now
                if len(pairs) == 1:
                    pairs.append((await opened(agb, params), Held(dict(stored))))
                session, model = pairs[now]
                (await session.context.sync(mode="download")).raise_for_error()
                model.download(stored)
                assert await held(session) == model.things
        for session, model in pairs:
            (await agb.delete(session)).raise_for_error()
            model.upload(stored)
        if part and part[-1][0] == "forget":
            (await agb.context.clear(context.context_id)).raise_for_error()
            stored.clear()
    (await agb.context.delete(context.context_id)).raise_for_error()
