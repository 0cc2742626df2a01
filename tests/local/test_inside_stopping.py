"""Who hears of a run while it goes on, and how it is stopped before its end."""

import threading
from collections.abc import Iterator

import pytest

from agb.local.inside import code as code_module
from agb.local.inside import runner as runner_module
from agb.local.inside.errors import OperationError
from agb.local.inside.processes import kill_tree
from local.coding import Audience, Session


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    session = Session(tmp_path_factory.mktemp("code"))
    yield session
    kill_tree(set(), session.mark)


def test_who_wants_events_is_told_of_all_while_the_code_runs(session: Session) -> None:
    audience = Audience()
    code = "print('a', flush=True); display(1); 2"
    answer = session.code.run(code, "python", asker=audience.asker)
    assert audience.text("stdout") == "a\n"
    results = [event for event in audience.events if event["type"] == "result"]
    assert [result["isMainResult"] for result in results] == [False, True]
    assert [result["data"]["text/plain"] for result in results] == ["1", "2"]
    assert (answer["results"], answer["stdout"], answer["stderr"]) == ([], [], [])


def test_results_come_after_what_was_written_before_them(session: Session) -> None:
    audience = Audience()
    session.run("import os", "python")
    session.code.run(r"os.write(1, b'first'); display(1)", "python", asker=audience.asker)
    assert [event["type"] for event in audience.events] == ["stdout", "result"]


def test_a_run_that_writes_too_much_for_an_answer_is_stopped(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(code_module, "LARGEST_OUTPUT", 100_000)
    session.run("kept = 5")
    with pytest.raises(OperationError, match="variables are kept") as caught:
        session.run("while True: print('x' * 1000)")
    assert caught.value.code == "Code.OutputTooLarge"
    assert session.value("kept") == "5"


def test_output_told_in_events_may_be_as_much_as_it_likes(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(code_module, "LARGEST_OUTPUT", 100_000)
    audience = Audience()
    answer = session.code.run("print('x' * 500_000)", "python", asker=audience.asker)
    assert answer["error"] is None
    assert len(audience.text("stdout")) == 500_001


def test_output_that_nobody_takes_in_is_waited_with_until_the_limit(session: Session) -> None:
    session.run("kept = 5")
    audience = Audience(takes=False)
    code = "while True: print('x' * 1000)"
    answer = session.code.run(code, "python", 1.0, asker=audience.asker)
    assert "the rest of that is lost" in answer["error"]["value"]
    assert "variables are kept" in answer["error"]["value"]
    assert len(audience.text("stdout")) < 5_000_000
    assert session.value("kept") == "5"


def called_off(session: Session, code: str) -> Audience:
    """Run code that says "on" at some time, and call it off then."""
    audience = Audience()
    outcome: list[str] = []

    def run() -> None:
        try:
            session.code.run(code, "python", asker=audience.asker)
        except OperationError as error:
            outcome.append(error.code)

    thread = threading.Thread(target=run)
    thread.start()
    audience.await_text("on")
    audience.asker.call_off()
    thread.join()
    assert outcome == ["Operation.CalledOff"]
    return audience


def test_a_run_that_is_called_off_tells_nothing_more(session: Session) -> None:
    session.run("kept = 5")
    audience = called_off(session, "print('on')\nwhile True: pass")
    assert [event["type"] for event in audience.events] == ["stdout"]
    assert session.value("kept") == "5"


def test_the_run_after_one_that_did_not_stop_tells_that_variables_are_lost(
    session: Session,
) -> None:
    deaf = "from signal import *; signal(SIGINT, SIG_IGN); print('on')\nwhile True: pass"
    called_off(session, deaf)
    (notice,) = session.run("1")["stderr"]
    assert "the python process was killed; variables are lost" in notice
    assert session.run("1")["stderr"] == []


def test_a_run_that_dies_when_it_is_interrupted_is_killed(session: Session) -> None:
    code = "import os, time\ntry: time.sleep(9999)\nfinally: os._exit(1)"
    answer = session.run(code, limit=2)
    assert "killed; variables are lost" in answer["error"]["value"]
    assert session.value("1 + 1") == "2"


def test_a_result_that_is_too_large_is_left_out_and_told(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner_module, "LARGEST_RESULT", 1000)
    answer = session.run("'x' * 2000")
    assert answer["results"] == []
    assert "left out: 1000 is the most" in answer["stderr"][0]


def test_an_interrupt_reaches_what_the_run_has_started(session: Session) -> None:
    answer = session.run("import os; os.system('sleep 600'); 'after'", limit=2)
    assert answer["timed_out"]
    assert "kept" in answer["error"]["value"]
    assert [result["data"]["text/plain"] for result in answer["results"]] == ["'after'"]
