# Generated from tests/_async/test_context_model.py; edit that file, then `nox -s twin`.
"""Whatever is done to a mounted context, it holds the same as a dict to which the same was done."""

from collections.abc import Sequence
from uuid import uuid4

from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from agb import AGB, ContextSync, CreateSessionParams, Session, SyncPolicy, UploadMode, UploadPolicy

MOUNT = "/home/data"

# A file's name never equals a folder's, and is short enough for any file system.
characters = st.characters(codec="utf-8", exclude_categories=["Cc"], exclude_characters="/")
folders = st.lists(st.sampled_from(["a b", "ü", "日本", "'quoted' \"twice\""]), max_size=2)
files = st.text(characters, max_size=12).map(lambda stem: f"{stem}.f")
names = st.tuples(folders, files).map(lambda path: "/".join([*path[0], path[1]]))

# What is done, to which of the files, and what it holds then.
steps = st.one_of(
    st.tuples(st.just("write"), st.integers(0, 3), st.binary(max_size=300)),
    st.tuples(st.just("delete"), st.integers(0, 3), st.just(b"")),
    st.tuples(st.sampled_from(["sync", "reopen"]), st.just(0), st.just(b"")),
)
Step = tuple[str, int, bytes]

WRITTEN_TWICE_THEN_DELETED: list[Step] = [
    ("write", 0, b""),
    ("sync", 0, b""),
    ("write", 0, b"\xff\0"),
    ("write", 1, b"1"),
    ("reopen", 0, b""),
    ("delete", 1, b""),
]


def held(session: Session, folder: str = MOUNT) -> dict[str, bytes]:
    """Return every file below a folder, by its path in the mount."""
    found: dict[str, bytes] = {}
    listing = session.file.list(folder).raise_for_error()
    for entry in listing.entries:
        path = f"{folder}/{entry.name}"
        if entry.is_directory:
            found |= held(session, path)
        else:
            read = session.file.read(path, format="bytes")
            found[path.removeprefix(f"{MOUNT}/")] = read.raise_for_error().content
    return found


def sessions_of(steps: Sequence[Step]) -> list[list[Step]]:
    """Return what is done in each session, one after the other; nothing in the last."""
    parts: list[list[Step]] = [[]]
    for step in steps:
        if step[0] == "reopen":
            parts.append([])
        else:
            parts[-1].append(step)
    return [*parts, []]


@example(UploadMode.FILE, ["a b/ü/.f", " x.f"], WRITTEN_TWICE_THEN_DELETED)
@example(UploadMode.ARCHIVE, ["a b/ü/.f", " x.f"], WRITTEN_TWICE_THEN_DELETED)
@given(
    mode=st.sampled_from(UploadMode),
    paths=st.lists(names, min_size=1, max_size=4, unique=True),
    steps=st.lists(steps, max_size=8),
)
@settings(
    max_examples=8,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_a_context_holds_what_its_sessions_left(
    agb: AGB, mode: UploadMode, paths: list[str], steps: list[Step]
) -> None:
    context = agb.context.create(f"model-{uuid4().hex}").raise_for_error()
    policy = SyncPolicy(upload_policy=UploadPolicy(upload_mode=mode))
    params = CreateSessionParams(context_syncs=[ContextSync(context.context_id, MOUNT, policy)])
    model: dict[str, bytes] = {}
    for part in sessions_of(steps):
        with agb.session(params) as session:
            assert held(session) == model
            for kind, number, content in part:
                path = paths[number % len(paths)]
                if kind == "sync":
                    session.context.sync(mode="upload").raise_for_error()
                elif kind == "write":
                    session.file.write(f"{MOUNT}/{path}", content).raise_for_error()
                    model[path] = content
                elif path in model:
                    session.file.remove(f"{MOUNT}/{path}").raise_for_error()
                    del model[path]
    agb.context.delete(context.context_id).raise_for_error()
