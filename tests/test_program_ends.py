"""What is left when a program ends, by itself or by a signal: nothing that it could clean up."""

import signal
import subprocess
import sys
import textwrap
import uuid

from support.local import LocalAGB

from agb import AGB

PREAMBLE = """
    import asyncio, atexit, logging, os, signal, sys, threading, time, warnings
    import httpx
    from agb import AGB, AsyncAGB, CreateSessionParams

    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # what measures coverage has a handler of its own
    warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads

    key, endpoint, test = sys.argv[1:]
    params = CreateSessionParams({"test": test}, "code_latest")

    def say(word):
        print(word, flush=True)

    class Tells(httpx.HTTPTransport):
        # Says when a request is about to be sent, and sends it when it is told to.
        def __init__(self, path):
            super().__init__()
            self.path = path

        def handle_request(self, request):
            if request.url.path == self.path:
                say("there")
                sys.stdin.readline()
            return super().handle_request(request)
"""
CREATES = """
    agb = AGB(key, endpoint=endpoint, cleanup_at_exit=True)
    agb.create(params).raise_for_error()
"""
CREATES_WITH_TASKS = """
    async def main():
        agb = AsyncAGB(key, endpoint=endpoint, cleanup_at_exit=True)
        (await agb.create(params)).raise_for_error()
        await rest()

    async def rest():
        pass
"""


class Program:
    """A program that has a client of an AGB, and sessions with a label of their own."""

    def __init__(self, local: LocalAGB, source: str) -> None:
        self._local = local
        self._labels = {"test": uuid.uuid4().hex}
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-c", textwrap.dedent(PREAMBLE) + textwrap.dedent(source)),
                *(local.api_key, local.endpoint, self._labels["test"]),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def wait_until_there(self) -> None:
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "there\n"

    def send(self, number: int) -> None:
        self._process.send_signal(number)

    def go_on(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def end(self) -> tuple[int, str]:
        """Wait for its end; return its exit code and what it complained of."""
        _, complaints = self._process.communicate(timeout=120)
        return self._process.returncode, complaints

    def sessions_left(self) -> int:
        with AGB(self._local.api_key, endpoint=self._local.endpoint) as agb:
            return agb.list(labels=self._labels).raise_for_error().total_count


def test_ctrl_c_in_a_block_deletes_its_session(local_agb: LocalAGB) -> None:
    program = Program(
        local_agb,
        """
        with AGB(key, endpoint=endpoint) as agb, agb.session(params) as session:
            say("there")
            session.command.execute("sleep 60", timeout_ms=60_000)
        """,
    )
    program.wait_until_there()
    program.send(signal.SIGINT)
    code, complaints = program.end()
    assert code == -signal.SIGINT
    assert complaints.rstrip().endswith("KeyboardInterrupt")
    assert program.sessions_left() == 0


def test_ctrl_c_twice_while_a_session_comes_or_goes_leaves_none(local_agb: LocalAGB) -> None:
    source = """
        with AGB(key, endpoint=endpoint, transport=Tells("{path}")) as agb, agb.session(params):
            pass
    """
    paths = ("/mcp/createSession", "/mcp/releaseSessionAsync")
    programs = [Program(local_agb, source.replace("{path}", path)) for path in paths]
    for program in programs:
        program.wait_until_there()
        program.send(signal.SIGINT)
        program.send(signal.SIGINT)
        program.go_on()
    for program in programs:
        code, complaints = program.end()
        assert code == -signal.SIGINT
        assert "KeyboardInterrupt" in complaints
        assert program.sessions_left() == 0


def test_sys_exit_in_a_block_deletes_its_session(local_agb: LocalAGB) -> None:
    program = Program(
        local_agb,
        """
        with AGB(key, endpoint=endpoint) as agb, agb.session(params):
            sys.exit(3)
        """,
    )
    assert program.end() == (3, "")
    assert program.sessions_left() == 0


def test_a_client_that_was_asked_to_cleans_up_when_the_program_exits(
    local_agb: LocalAGB,
) -> None:
    sources = {
        CREATES: 0,
        CREATES + "    agb.close()\n    sys.exit(3)\n": 3,
        CREATES + "    raise RuntimeError\n": 1,
        CREATES_WITH_TASKS + "    asyncio.run(main())\n": 0,
    }
    programs = [Program(local_agb, source) for source in sources]
    assert [program.end()[0] for program in programs] == list(sources.values())
    assert [program.sessions_left() for program in programs] == [0, 0, 0, 0]


def test_a_client_that_was_not_asked_to_leaves_its_sessions(local_agb: LocalAGB) -> None:
    program = Program(local_agb, CREATES.replace(", cleanup_at_exit=True", ""))
    assert program.end() == (0, "")
    assert program.sessions_left() == 1


def test_sigterm_cleans_up_and_ends_the_program_as_always(local_agb: LocalAGB) -> None:
    rest = """
    async def rest():
        say("there")
        await asyncio.sleep(60)

    asyncio.run(main())
    """
    programs = [
        Program(local_agb, CREATES + "    say('there')\n    time.sleep(60)\n"),
        Program(local_agb, CREATES_WITH_TASKS + rest),
    ]
    for program in programs:
        program.wait_until_there()
        program.send(signal.SIGTERM)
    for program in programs:
        assert program.end() == (-signal.SIGTERM, "")
        assert program.sessions_left() == 0


def test_a_handler_of_sigterm_that_was_there_stays(local_agb: LocalAGB) -> None:
    program = Program(
        local_agb,
        "    signal.signal(signal.SIGTERM, lambda *_: sys.exit(4))\n"
        + CREATES
        + "    say('there')\n    time.sleep(60)\n",
    )
    program.wait_until_there()
    program.send(signal.SIGTERM)
    assert program.end() == (4, "")
    assert program.sessions_left() == 0


def test_a_client_that_left_nothing_takes_its_handler_back(local_agb: LocalAGB) -> None:
    program = Program(
        local_agb,
        """
        def handler():
            return signal.getsignal(signal.SIGTERM)

        with AGB(key, endpoint=endpoint, cleanup_at_exit=True) as agb:
            assert handler() is not signal.SIG_DFL
            with agb.session(params):
                pass
        assert handler() is signal.SIG_DFL
        """,
    )
    assert program.end() == (0, "")
    assert program.sessions_left() == 0


def test_a_child_does_not_clean_up_what_its_parent_created(local_agb: LocalAGB) -> None:
    program = Program(
        local_agb,
        CREATES
        + """
    child = os.fork()
    if child == 0:
        sys.exit(0)
    os.waitpid(child, 0)
    child = os.fork()
    if child == 0:
        os.kill(os.getpid(), signal.SIGTERM)
    os.waitpid(child, 0)
    assert agb.list(labels=params.labels).total_count == 1
    if os.fork() == 0:
        other = AGB(key, endpoint=endpoint, cleanup_at_exit=True)
        sys.exit(0)
    os.wait()
    with AGB(key, endpoint=endpoint) as other:
        assert other.list(labels=params.labels).total_count == 1
    """,
    )
    assert program.end() == (0, "")
    assert program.sessions_left() == 0


def test_a_create_that_is_under_way_at_the_end_is_cleaned_up(local_agb: LocalAGB) -> None:
    program = Program(
        local_agb,
        """
        class Stops(httpx.HTTPTransport):
            def handle_request(self, request):
                super().handle_request(request).read()
                say("there")
                time.sleep(60)

        agb = AGB(key, endpoint=endpoint, cleanup_at_exit=True, transport=Stops())
        threading.Thread(target=agb.create, args=[params], daemon=True).start()
        time.sleep(60)
        """,
    )
    program.wait_until_there()
    program.send(signal.SIGTERM)
    assert program.end() == (-signal.SIGTERM, "")
    assert program.sessions_left() == 0


def test_what_is_left_at_the_end_is_told(local_agb: LocalAGB) -> None:
    program = Program(
        local_agb,
        """
        def answer(request):
            data = {"sessionId": "s-1"}
            return httpx.Response(200, json={"requestId": "r", "success": True, "data": data})

        nobody = "http://127.0.0.1:9"
        agb = AGB(
            key, endpoint=nobody, cleanup_at_exit=True, transport=httpx.MockTransport(answer)
        )
        agb.create(params).raise_for_error()
        agb.live.roster.requests.add("lost")
        """,
    )
    code, complaints = program.end()
    assert code == 0
    told, of_request = complaints.splitlines()[::-1]
    assert told.startswith("session s-1 could not be deleted when the program ended: can't connect")
    assert of_request.startswith("a session labelled agb.request=lost could not be deleted when")


def test_a_thread_that_outlives_the_main_one_works_on_and_leaves_nothing(
    local_agb: LocalAGB,
) -> None:
    program = Program(
        local_agb,
        """
        def work():
            with AGB(key, endpoint=endpoint) as agb, agb.session(params) as session:
                opened.set()
                threading.main_thread().join()
                session.file.write("long.txt", "text" * 1_000_000).raise_for_error()
                assert len(session.file.read("long.txt").content) == 4_000_000

        opened = threading.Event()
        threading.Thread(target=work).start()
        opened.wait()
        """,
    )
    assert program.end() == (0, "")
    assert program.sessions_left() == 0


def test_a_session_whose_loop_was_left_is_told_when_the_program_ends(local_agb: LocalAGB) -> None:
    program = Program(
        local_agb,
        """
        async def main():
            async with AsyncAGB(key, endpoint=endpoint) as agb, agb.session(params):
                loop.stop()
                await rest.wait()

        loop = asyncio.new_event_loop()
        rest = asyncio.Event()
        task = loop.create_task(main())
        loop.run_forever()
        loop.close()
        """,
    )
    _, complaints = program.end()
    assert "was not deleted: its event loop had ended before its block" in complaints
    assert program.sessions_left() == 1
