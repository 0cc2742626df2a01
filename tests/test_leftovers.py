"""What the fault matrix goes by: whoever leaves something in this process is told."""

import socket
import threading
from pathlib import Path

import anyio
from support.leftovers import Leftovers, everything

from agb._concurrency import aio


async def test_a_task_that_is_left_is_told_with_whose_it_is(tmp_path: Path) -> None:
    leftovers, before = Leftovers(), everything()
    with leftovers.noted():
        with leftovers.owned("mine"):
            work = aio.Background(lambda: anyio.sleep(60), "goes on")
        assert leftovers.of("mine", tmp_path) == ["task goes on"]
        assert not leftovers.of("another's", tmp_path)
        assert (everything() - before)["tasks"] == 1
        await work.stop(20)
    assert not leftovers.of("mine", tmp_path)


def test_a_thread_a_socket_and_a_file_that_are_left_are_told(tmp_path: Path) -> None:
    leftovers, before, go_on = Leftovers(), everything(), threading.Event()
    with leftovers.noted(), leftovers.owned("mine"):
        thread = threading.Thread(target=go_on.wait, name="goes on")
        thread.start()
        with socket.socket(), (tmp_path / "open").open("w"):
            left = leftovers.of("mine", tmp_path)
            assert len(everything() - before) == 3
        go_on.set()
        thread.join()
    kinds = {each.partition(":")[0] for each in left}
    assert kinds == {"thread goes on", "socket", str(tmp_path / "open")}
    assert not leftovers.of("mine", tmp_path)
