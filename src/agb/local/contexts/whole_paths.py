"""Objects by the whole paths that they have in sessions.

What a session stores is named by its path below the mount. Whoever knows it by its whole path in
a session that had the context mounted may say that one as well. What came by a signed URL goes by
the path that it came with.
"""

from agb.local.contexts.store import Store
from agb.local.contexts.values import Object, is_under


def find(store: Store, key: int, path: bytes) -> Object | None:
    """Look up an object by its own path, or else by the one that it has in a session."""
    own = store.object(key, path)
    if own:
        return own
    for place in store.places(key):
        if path.startswith(place + b"/"):
            inside = store.object(key, path[len(place) + 1 :])
            if inside and not inside.linked:
                return inside
    return None


def children(
    store: Store, key: int, folder: bytes, *, skip: int, most: int
) -> tuple[list[tuple[bytes, Object]], int]:
    """Give a piece of what is right in a folder, by name, and how much there is in all.

    Each comes with its path there. Of two of one name the one that says so itself is meant.
    """
    places = [place for place in store.places(key) if folder and is_under(folder, place)]
    if not places:
        found, count = store.children(key, folder, skip=skip, most=most)
        return [(item.path, item) for item in found], count
    there = [
        (place + b"/" + item.path, item)
        for place in reversed(places)
        for item in store.objects(key, folder[len(place) + 1 :])
        if not item.linked
    ]
    there += [(item.path, item) for item in store.objects(key, folder)]
    by_name = dict(_child(path, item, len(folder) + 1) for path, item in reversed(there))
    by_name |= {path: item for path, item in there if b"/" not in path[len(folder) + 1 :]}
    return sorted(by_name.items(), key=lambda child: child[0])[skip : skip + most], len(by_name)


def _child(path: bytes, item: Object, start: int) -> tuple[bytes, Object]:
    """Give what is right in a folder of something that is there or below it."""
    name, slash, rest = path[start:].partition(b"/")
    if not slash:
        return path, item
    own = item.path.removesuffix(slash + rest)
    folder = Object(path=own, kind="folder", created=item.created, modified=item.modified)
    return path[:start] + name, folder
