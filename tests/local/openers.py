"""A process that opens indexes at the same moments as others do."""

from multiprocessing.synchronize import Barrier
from pathlib import Path

from agb.local.contexts.index import Index


def open_each(paths: list[Path], at_once: Barrier) -> None:
    try:
        for path in paths:
            at_once.wait()
            index = Index(path)
            assert index.rows("SELECT count(*) FROM contexts")[0][0] == 0
            index.close()
    except BaseException:
        at_once.abort()  # else the others wait for this one for ever
        raise
