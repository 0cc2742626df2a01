"""Every promise of the documents, by its number in our list of them; then what was decided where
they contradict each other (K). All of it through the public API, as a reader would. What is about
contexts is in `test_checklist_contexts.py`.
"""

import inspect
import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.local import LocalAGB
from support.wiretap import Wiretap

import agb as package
from agb import (
    AGB,
    DEFAULT_IMAGES,
    AGBError,
    APIConnectionError,
    AuthenticationError,
    BaseSession,
    BrowserContext,
    Client,
    Code,
    CodeExecutionError,
    Command,
    ConfigurationError,
    ContextSync,
    ContextSyncError,
    CreateSessionParams,
    DeleteResult,
    ExecutionTimeoutError,
    FileSystem,
    ImageNotFoundError,
    InvalidParamsError,
    OperationResult,
    PageNotFoundError,
    PermissionDeniedError,
    QuotaExceededError,
    ServerError,
    Session,
    SessionInfo,
    SessionListResult,
    SessionNotFoundError,
    SyncPolicy,
    ToolNotFoundError,
    UploadPolicy,
)
from agb._deadline import Deadline

IMAGE = "agb-code-space-1"
NOWHERE = "http://127.0.0.1:9"
NUMBERED = re.compile(r"^def test_(k?)(\d+)_", re.MULTILINE)


def create(agb: AGB, **labels: str) -> Session:
    created = agb.create(CreateSessionParams(labels, IMAGE)).raise_for_error()
    assert created.session is not None
    return created.session


def answering(status: int, code: str) -> AGB:
    """Return a client of an AGB that refuses everything."""
    body = {"success": False, "code": code, "message": f"refused: {code}", "requestId": "r-1"}
    return AGB(transport=httpx.MockTransport(lambda _: httpx.Response(status, json=body)))


def test_every_promise_has_its_test() -> None:
    tests = [path.read_text() for path in Path(__file__).parent.glob("test_checklist*.py")]
    found = {(kind, int(n)) for text in tests for kind, n in NUMBERED.findall(text)}
    assert {n for kind, n in found if not kind} == set(range(1, 118))
    assert {n for kind, n in found if kind} == set(range(1, 34))


# The client


def test_1_the_client_is_imported_from_the_top() -> None:
    assert "AGB" in package.__all__


def test_2_a_key_is_given_by_keyword(documented_agb: LocalAGB) -> None:
    with AGB(api_key="your_api_key", endpoint=documented_agb.endpoint) as agb:
        assert agb.list().success


def test_3_a_key_is_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match="AGB_API_KEY"):
        AGB()
    monkeypatch.setenv("AGB_API_KEY", "from-environment")
    with AGB() as agb:
        assert agb.api_key == "from-environment"


def test_4_a_session_is_created_without_params(agb: AGB) -> None:
    created = agb.with_options(default_image="code_latest").create()
    assert created.session is not None
    assert created.session.image_id == "code_latest"


def test_5_params_go_first(agb: AGB) -> None:
    assert agb.create(CreateSessionParams(image_id=IMAGE)).success


def test_6_a_result_says_whether_a_session_was_created(agb: AGB) -> None:
    assert agb.create(CreateSessionParams(image_id=IMAGE)).success is True
    assert agb.create(CreateSessionParams(image_id="no-such-image")).success is False


def test_7_a_result_has_the_session(agb: AGB) -> None:
    assert isinstance(agb.create(CreateSessionParams(image_id=IMAGE)).session, Session)
    assert agb.create(CreateSessionParams(image_id="no-such-image")).session is None


def test_8_a_result_says_in_words_what_failed(agb: AGB) -> None:
    assert agb.create(CreateSessionParams(image_id=IMAGE)).error_message == ""
    assert (
        "no-such-image" in agb.create(CreateSessionParams(image_id="no-such-image")).error_message
    )


def test_9_a_result_has_the_id_of_its_request(agb: AGB) -> None:
    assert agb.create(CreateSessionParams(image_id=IMAGE)).request_id
    assert agb.create(CreateSessionParams(image_id="no-such-image")).request_id
    assert agb.create().request_id == ""


def test_10_a_failed_creation_does_not_raise(agb: AGB) -> None:
    assert not agb.create(CreateSessionParams(image_id="no-such-image")).success
    assert not agb.create().success
    with AGB(endpoint=NOWHERE) as dead:
        assert not dead.create(CreateSessionParams(image_id=IMAGE)).success


def test_11_a_list_has_a_length_and_sessions_in_it(agb: AGB) -> None:
    made = [create(agb), create(agb)]
    sessions = agb.list()
    assert len(sessions) == 2
    assert {session.session_id for session in sessions} == {s.session_id for s in made}


def test_12_a_list_is_a_result_with_ids_and_a_token(agb: AGB) -> None:
    made = create(agb)
    listed = agb.list()
    assert listed.success
    assert listed.total_count == 1
    assert listed.session_ids == (made.session_id,)
    assert listed.next_token == ""
    assert listed.error_message == ""


def test_13_a_list_is_of_the_account(agb: AGB) -> None:
    made = create(agb)
    with AGB() as other:
        assert other.list().session_ids == (made.session_id,)


def test_14_a_list_is_filtered_by_all_of_the_labels(agb: AGB) -> None:
    both = create(agb, project="demo", environment="testing")
    create(agb, project="demo")
    create(agb, environment="testing")
    found = agb.list(labels={"project": "demo", "environment": "testing"})
    assert found.session_ids == (both.session_id,)


def test_15_a_page_is_chosen_by_number_and_size(agb: AGB) -> None:
    made = [create(agb, project="demo").session_id for _ in range(3)]
    found = [agb.list(labels={"project": "demo"}, page=page, limit=2) for page in (1, 2)]
    assert [page.session_ids for page in found] == [(made[2], made[1]), (made[0],)]
    assert [page.total_count for page in found] == [3, 3]
    assert found[0].next_token


def test_16_without_a_filter_all_sessions_are_listed(agb: AGB) -> None:
    made = {create(agb).session_id, create(agb, project="demo").session_id}
    assert set(agb.list().session_ids) == made


def test_17_a_deleted_session_is_not_listed_and_its_id_is_invalid(agb: AGB) -> None:
    session = create(agb)
    session.delete()
    assert agb.list().session_ids == ()
    assert isinstance(agb.get(session.session_id).error, SessionNotFoundError)


def test_18_a_list_does_not_remember_what_was(agb: AGB) -> None:
    sessions = [create(agb), create(agb)]
    sessions[0].delete()
    assert agb.list().total_count == 1


def test_19_a_session_is_deleted(agb: AGB) -> None:
    deleted = agb.delete(create(agb))
    assert deleted.success
    assert deleted.error_message == ""


def test_20_deleting_a_dead_session_does_not_raise(agb: AGB) -> None:
    session = create(agb)
    assert agb.delete(session).success
    assert agb.delete(session).success


def test_21_a_deletion_may_fail_and_be_tried_again(agb: AGB) -> None:
    session = create(agb)
    with AGB(endpoint=NOWHERE) as cut_off:
        failed = cut_off.delete(Session(cut_off, session.session_id))
        assert not failed.success
        assert NOWHERE in failed.error_message
    assert agb.delete(session).success


def test_23_threads_share_a_client(agb: AGB) -> None:
    together = threading.Barrier(4)

    def work(number: int) -> str:
        together.wait(timeout=60)
        with agb.session(image_id=IMAGE) as session:
            return session.command.execute(f"echo {number}").output

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(work, range(4))) == ["0\n", "1\n", "2\n", "3\n"]


def test_24_a_client_has_many_sessions(agb: AGB) -> None:
    with agb.session(image_id=IMAGE) as one, agb.session(image_id=IMAGE) as other:
        one.file.write("name", "one")
        other.file.write("name", "other")
        assert (str(one.file.read("name")), str(other.file.read("name"))) == ("one", "other")


def test_25_the_cause_of_a_failure_is_named(agb: AGB) -> None:
    params = CreateSessionParams(image_id=IMAGE)
    with AGB("a-wrong-key") as stranger, AGB(endpoint=NOWHERE) as cut_off:
        assert isinstance(stranger.create(params).error, AuthenticationError)
        assert isinstance(cut_off.create(params).error, APIConnectionError)
    unknown = agb.create(CreateSessionParams(image_id="no-such-image"))
    assert isinstance(unknown.error, ImageNotFoundError)
    refusals: dict[type[AGBError], tuple[int, str]] = {
        ServerError: (503, "ServiceUnavailable"),
        QuotaExceededError: (403, "QuotaExceeded.Sessions"),
        PermissionDeniedError: (403, "Forbidden"),
    }
    for kind, (status, code) in refusals.items():
        with answering(status, code) as refusing:
            refused = refusing.create(params)
        assert type(refused.error) is kind
        assert (refused.code, refused.request_id) == (code, "r-1")
        assert refused.error_message.partition(";")[0] == f"refused: {code}"


# What a session is created with


def test_26_params_have_a_module_of_their_own() -> None:
    assert CreateSessionParams.__module__ == "agb.session_params"


def test_27_params_need_no_argument() -> None:
    assert CreateSessionParams() == CreateSessionParams(labels=None, image_id=None)


def test_28_the_image_is_given_by_keyword_or_first() -> None:
    assert CreateSessionParams(image_id=IMAGE).image_id == IMAGE
    assert CreateSessionParams(IMAGE).image_id == IMAGE


def test_29_params_have_an_order() -> None:
    first = list(inspect.signature(CreateSessionParams).parameters)[:4]
    assert first == ["labels", "image_id", "context_syncs", "browser_context"]


def test_30_the_image_may_be_none() -> None:
    assert CreateSessionParams(image_id=None).image_id is None


def test_31_a_missing_image_can_mean_code_latest(agb: AGB, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGB_DEFAULT_IMAGE", "code_latest")
    with AGB() as configured:
        created = configured.create(CreateSessionParams())
        assert created.session is not None
        assert created.session.image_id == "code_latest"
    assert agb.list().total_count == 1


def test_32_a_missing_image_is_a_param_error(agb: AGB) -> None:
    created = agb.create(CreateSessionParams())
    assert created.code == "PARAM_ERROR"
    assert "image_id" in created.error_message


def test_33_images_are_described() -> None:
    assert DEFAULT_IMAGES["code_latest"] == "Latest general-purpose code execution environment"
    assert DEFAULT_IMAGES["agb-code-space-1"] == "Specialized code execution environment"


def test_34_an_image_must_exist_in_the_account(agb: AGB) -> None:
    created = agb.create(CreateSessionParams(image_id="agb-0000-000-0"))
    assert isinstance(created.error, ImageNotFoundError)
    assert "agb-0000-000-0" in created.error_message


def test_35_labels_are_optional(agb: AGB) -> None:
    assert CreateSessionParams().labels == {}
    assert CreateSessionParams(labels=None).labels == {}
    assert create(agb, team="data").get_labels().data == {"team": "data"}


def test_36_contexts_are_optional() -> None:
    assert CreateSessionParams(context_syncs=None).context_syncs == ()
    sync = ContextSync("SdkCtx-1", "/home/data")
    assert CreateSessionParams(context_syncs=[sync]).context_syncs == (sync,)


def test_37_browser_data_is_optional() -> None:
    assert CreateSessionParams(browser_context=None).browser_context is None
    context = BrowserContext("browser_session")
    assert CreateSessionParams(browser_context=context).browser_context == context


def test_38_an_image_falls_back_as_python_does() -> None:
    def params(image_id: str | None = None) -> CreateSessionParams:
        return CreateSessionParams(image_id=image_id or IMAGE)

    assert params().image_id == IMAGE
    assert params("code_latest").image_id == "code_latest"


# Sessions


def test_72_a_base_session_is_made_from_a_client_and_an_id(agb: AGB, session: Session) -> None:
    assert BaseSession(agb, session.session_id).command.execute("true").success


def test_73_a_session_is_a_base_session(session: Session) -> None:
    assert isinstance(session, BaseSession)
    assert dir(Session) == dir(BaseSession)


def test_74_a_session_has_its_id(session: Session) -> None:
    assert re.fullmatch(r"\S+", session.session_id)


def test_75_a_session_has_its_url(session: Session) -> None:
    assert session.resource_url.startswith("http")


def test_76_a_session_has_its_image(session: Session) -> None:
    assert session.image_id == IMAGE


def test_77_a_session_runs_code(session: Session) -> None:
    assert isinstance(session.code, Code)
    assert session.code.run("6 * 7", "python").result == "42"


def test_78_a_session_runs_commands(session: Session) -> None:
    assert isinstance(session.command, Command)
    assert session.command.execute("echo hi").output == "hi\n"


def test_79_a_session_has_files(session: Session) -> None:
    assert isinstance(session.file_system, FileSystem)
    assert session.file_system.write("a", "text").success


def test_80_a_session_copies_files(session: Session) -> None:
    assert callable(session.oss.upload_file)


def test_81_every_handle_has_every_module(agb: AGB, session: Session) -> None:
    listed, got = agb.list()[0], agb.get(session.session_id).session
    for handle in (session, listed, got, Session(agb, "any")):
        for module in ("code", "command", "file_system"):
            assert hasattr(handle, module)


def test_82_info_is_an_operation_result(session: Session) -> None:
    assert isinstance(session.info(), OperationResult)


def test_83_info_has_success_data_and_message(session: Session) -> None:
    info = session.info()
    assert info.success
    assert isinstance(info.data, Mapping)
    assert info.error_message == ""


def test_84_info_is_read_by_key_and_by_get(session: Session) -> None:
    data = session.info().raise_for_error().data
    assert data is not None
    assert data["session_id"] == data.get("session_id") == session.session_id
    assert data["resource_url"] == data.get("resource_url")
    assert data.get("app_id", "N/A") == "N/A"


def test_85_desktop_facts_are_there_for_desktops_only(agb: AGB, session: Session) -> None:
    data = session.info().data
    assert data is not None
    assert not {"app_id", "auth_code", "ticket"} & data.keys()
    desktop = {"appId": "a", "authCode": "b", "ticket": "c"}
    answer = {
        "success": True,
        "code": "ok",
        "requestId": "r",
        "data": {"sessionId": "s", "resourceUrl": "http://s", "desktopInfo": desktop},
    }
    with AGB(transport=httpx.MockTransport(lambda _: httpx.Response(200, json=answer))) as other:
        data = Session(other, "s").info().raise_for_error().data
    assert data is not None
    assert (data["app_id"], data["auth_code"], data["ticket"]) == ("a", "b", "c")
    assert agb.list().success


def test_86_info_of_a_dead_session_fails_without_raising(agb: AGB) -> None:
    session = create(agb)
    session.delete()
    info = session.info()
    assert not info.success
    assert info.data is None


def test_87_a_session_tells_its_key(session: Session) -> None:
    assert session.get_api_key() == "your_api_key"


def test_88_a_session_tells_its_id(session: Session) -> None:
    assert session.get_session_id() == session.session_id


def test_89_a_session_has_the_http_client(session: Session) -> None:
    assert isinstance(session.get_client(), Client)


def test_90_labels_are_replaced(session: Session) -> None:
    assert session.set_labels({"project": "demo", "team": "data"}).success
    replaced = session.set_labels({"project": "other"})
    assert replaced.success
    assert replaced.error_message == ""
    assert session.get_labels().data == {"project": "other"}


def test_91_labels_are_read_as_a_dict(session: Session) -> None:
    found = session.get_labels()
    assert found.success
    assert found.data == {}
    assert isinstance(found.data, dict)


def test_92_the_filter_sees_labels_from_creation_and_later_ones(agb: AGB) -> None:
    early, late = create(agb, team="data"), create(agb)
    late.set_labels({"team": "data"})
    assert set(agb.list(labels={"team": "data"}).session_ids) == {early.session_id, late.session_id}


def test_93_tools_have_names_and_descriptions(session: Session) -> None:
    listed = session.list_mcp_tools()
    assert listed.success
    assert listed.tools
    assert all(tool.name and tool.description for tool in listed.tools)


def test_94_a_tool_answers_with_json_text(session: Session) -> None:
    called = session.call_mcp_tool("shell", {"command": "echo hi"})
    assert called.success
    assert called.data is not None
    assert json.loads(called.data)["stdout"] == "hi\n"
    failed = session.call_mcp_tool("no_such_tool", {})
    assert isinstance(failed.error, ToolNotFoundError)
    assert "no_such_tool" in failed.error_message


def test_95_tools_depend_on_the_image(session: Session) -> None:
    assert session.list_mcp_tools().success
    assert session.list_mcp_tools("agb-browser-use-1").success
    assert isinstance(session.list_mcp_tools("no-such-image").error, ImageNotFoundError)


def test_96_sessions_are_isolated(agb: AGB) -> None:
    one, other = create(agb), create(agb)
    one.file.write("/tmp/secret", "mine")
    one.code.run("secret = 'mine'", "python")
    assert not other.file.read("/tmp/secret").success
    assert "NameError" in other.code.run("secret", "python").error_message


def test_97_an_idle_session_is_released(agb: AGB) -> None:
    params = CreateSessionParams(image_id=IMAGE, idle_release_timeout=1)
    session = agb.create(params).raise_for_error().session
    assert session is not None
    seen = session.get_status()
    for pause in Deadline(60).pauses():
        if not seen.success:
            break
        time.sleep(pause)
        seen = session.get_status()
    assert isinstance(seen.error, SessionNotFoundError)
    assert agb.list().session_ids == ()


# What a session can do


def test_98_code_is_run_under_its_first_name(session: Session) -> None:
    assert session.code.run_code("print('Hello')", "python").result == "Hello\n"


def test_99_code_is_run(session: Session) -> None:
    assert session.code.run("print('Hello')", "python").result == "Hello\n"


def test_100_a_run_says_whether_it_succeeded(session: Session) -> None:
    assert session.code.run("1", "python").success is True
    assert session.code.run("1 / 0", "python").success is False


def test_101_a_run_has_text(session: Session) -> None:
    assert session.code.run("print('printed')\n6 * 7", "python").result == "42"
    assert session.code.run("print('printed')", "python").result == "printed\n"


def test_102_a_run_says_what_failed(session: Session) -> None:
    assert session.code.run("1 / 0", "python").error_message == (
        "ZeroDivisionError: division by zero"
    )
    assert session.code.run("1", "python").error_message == ""


def test_103_code_that_is_wrong_fails_without_raising(session: Session) -> None:
    run = session.code.run("invalid python code", "python")
    assert isinstance(run.error, CodeExecutionError)
    assert "SyntaxError" in run.error_message


def test_104_commands_are_run_under_their_first_name(session: Session) -> None:
    assert session.command.execute_command("echo hi").output == "hi\n"


def test_105_files_are_read_under_their_first_name(session: Session) -> None:
    session.file_system.write_file("a", "text")
    assert session.file_system.read_file("a").content == "text"


def test_106_a_file_of_this_machine_is_uploaded(session: Session) -> None:
    Path("local.txt").write_text("from this machine")
    uploaded = session.oss.upload_file("local.txt", "remote.txt")
    assert uploaded.success
    assert uploaded.path == f"{session.file.transfer_path()}/remote.txt"
    assert session.file.read(uploaded.path).content == "from this machine"


def test_107_a_health_check_is_a_run_that_succeeds(agb: AGB) -> None:
    session = create(agb)
    assert session.code.run_code("print('health_check')", "python").success
    session.delete()
    assert not session.code.run_code("print('health_check')", "python").success


# How it is used


def test_108_try_and_finally_delete(agb: AGB) -> None:
    session = create(agb)
    with pytest.raises(RuntimeError, match="inside"):  # noqa: PT012 - the pattern is what is tested
        try:
            raise RuntimeError("inside")
        finally:
            agb.delete(session)
    assert agb.list().total_count == 0


def test_109_a_session_has_a_block_of_its_own(agb: AGB) -> None:
    with agb.session(image_id=IMAGE) as session:
        assert session.command.execute("true").success
    assert agb.list().total_count == 0


def test_110_sessions_are_kept_by_name(agb: AGB) -> None:
    named = {name: create(agb) for name in ("development", "testing")}
    for name, session in named.items():
        session.file.write("name", name)
    assert str(named["testing"].file.read("name")) == "testing"
    assert [agb.delete(session).success for session in named.values()] == [True, True]


def test_111_tasks_are_spread_over_threads(agb: AGB) -> None:
    def work(code: str) -> str:
        session = create(agb)
        try:
            return session.code.run_code(code, "python").result
        finally:
            agb.delete(session)

    with ThreadPoolExecutor(max_workers=3) as threads:
        results = threads.map(work, [f"print('Task {number}')" for number in range(3)])
        assert list(results) == ["Task 0\n", "Task 1\n", "Task 2\n"]
    assert agb.list().total_count == 0


def test_112_a_session_is_watched_over_time(session: Session) -> None:
    for _ in range(5):
        assert session.code.run_code("print('health_check')", "python").success
        info = session.info()
        assert info.data is not None
        assert info.data["session_id"] == session.session_id


def test_113_an_operation_that_raises_leaves_no_session(agb: AGB) -> None:
    def safely(operation: Callable[[Session], Any]) -> Any:
        session = create(agb)
        try:
            return operation(session)
        except ValueError as error:
            return str(error)
        finally:
            agb.delete(session)

    def broken(_: Session) -> None:
        raise ValueError("no")

    assert safely(lambda session: session.code.run("1", "python").success) is True
    assert safely(broken) == "no"
    assert agb.list().total_count == 0


def test_114_a_session_is_replaced(agb: AGB) -> None:
    session = create(agb)
    agb.delete(session)
    assert not session.info().success
    replacement = create(agb)
    assert replacement.info().success
    assert replacement.session_id != session.session_id


def test_115_info_frames_an_operation(session: Session) -> None:
    before = session.info()
    session.code.run_code("print('Processing data...')", "python")
    after = session.info()
    assert before.success
    assert after.success


def test_116_the_good_habits_work_together(agb: AGB) -> None:
    labels = {"project": "demo", "environment": "testing", "team": "backend"}
    with agb.session(image_id=IMAGE, labels=labels) as session:
        assert agb.list(labels={"team": "backend"}).session_ids == (session.session_id,)
        assert session.code.run("1", "python").success
    assert agb.list(labels={"team": "backend"}).session_ids == ()


def test_117_a_program_ends_when_there_is_no_session(agb: AGB) -> None:
    created = agb.create(CreateSessionParams(image_id="no-such-image"))
    with pytest.raises(SystemExit, match=r"Session creation failed: .*no-such-image"):
        raise SystemExit(f"Session creation failed: {created.error_message}")


# Decisions where the documents contradict each other


def test_k1_the_image_is_needed_unless_a_default_is_set(agb: AGB) -> None:
    with AGB(endpoint=NOWHERE) as unreachable:
        refused = unreachable.create()  # nothing is sent
        assert isinstance(refused.error, InvalidParamsError)
        assert refused.code == "PARAM_ERROR"
    assert agb.with_options(default_image="code_latest").create().success


def test_k1_a_client_of_this_machine_has_a_default_image(tmp_path: Path) -> None:
    with AGB.local(data_dir=tmp_path) as agb:
        created = agb.create()
        assert created.session is not None
        assert created.session.image_id == "code_latest"


def test_k2_no_params_are_empty_params(agb: AGB) -> None:
    with_default = agb.with_options(default_image="code_latest")
    for created in (with_default.create(None), with_default.create(CreateSessionParams())):
        assert created.session is not None
        assert created.session.image_id == "code_latest"
    assert agb.create(None).code == agb.create(CreateSessionParams()).code == "PARAM_ERROR"


def test_k3_an_image_is_checked_when_a_session_is_created(agb: AGB) -> None:
    assert CreateSessionParams(image_id="").image_id == ""
    assert agb.create(CreateSessionParams(image_id="")).code == "PARAM_ERROR"


def test_k4_the_first_argument_is_an_image_or_labels() -> None:
    assert CreateSessionParams(IMAGE).image_id == IMAGE
    assert CreateSessionParams({"team": "data"}).labels == {"team": "data"}


def test_k5_a_list_is_a_result_and_a_sequence(agb: AGB) -> None:
    made = create(agb)
    listed = agb.list()
    assert isinstance(listed, SessionListResult)
    assert isinstance(listed[0], Session)
    assert listed[0].session_id == listed.session_ids[0] == made.session_id
    assert listed[0].command.execute("echo hi").output == "hi\n"
    assert listed[-1:] == (listed[0],)


def test_k6_the_length_of_a_list_is_that_of_its_page(agb: AGB) -> None:
    made = [create(agb).session_id for _ in range(3)]
    page = agb.list(limit=2)
    assert (len(page), page.total_count) == (2, 3)
    assert [session.session_id for session in agb.iter_sessions(limit=1)] == made[::-1]


def test_k7_a_list_is_of_the_account_and_not_of_the_client(agb: AGB) -> None:
    made = create(agb)
    with AGB() as other:
        assert other.list().session_ids == (made.session_id,)
        other.delete(made.session_id)
    assert agb.list().session_ids == ()


def test_k8_no_labels_are_no_filter(agb: AGB) -> None:
    create(agb, team="data")
    assert agb.list().total_count == agb.list(labels={}).total_count == 1
    assert agb.list(labels={"team": "other"}).total_count == 0


def test_k9_pages_are_remembered_by_their_tokens(agb: AGB) -> None:
    made = [create(agb).session_id for _ in range(3)][::-1]
    wiretap = Wiretap()
    with AGB(transport=wiretap) as tapped:
        assert tapped.list(page=3, limit=1).session_ids == (made[2],)
        assert len(wiretap.notes.requests) == 3
        assert tapped.list(page=2, limit=1).session_ids == (made[1],)
        assert tapped.list(page=3, limit=1).session_ids == (made[2],)
        assert len(wiretap.notes.requests) == 5
        token = tapped.list(limit=1).next_token
        assert tapped.list(limit=1, next_token=token).session_ids == (made[1],)
        past = tapped.list(page=4, limit=1)
    assert isinstance(past.error, PageNotFoundError)
    assert "Cannot reach page 4: No more pages available" in past.error_message


def test_k10_operations_keep_their_first_names() -> None:
    names: dict[type, dict[str, str]] = {
        Code: {"run_code": "run"},
        Command: {"execute_command": "execute"},
        FileSystem: {
            "read_file": "read",
            "write_file": "write",
            "get_file_info": "info",
            "list_directory": "list",
            "create_directory": "mkdir",
            "delete_file": "remove",
            "move_file": "move",
            "edit_file": "edit",
            "read_multiple_files": "read_batch",
            "search_files": "search",
        },
    }
    for kind, aliases in names.items():
        for alias, name in aliases.items():
            assert getattr(kind, alias) is getattr(kind, name)


def test_k11_files_have_two_names(session: Session) -> None:
    assert session.file is session.file_system


@pytest.mark.parametrize("language", ["python", "Python", " PYTHON ", "py", "python3"])
def test_k12_python_has_many_names(session: Session, language: str) -> None:
    assert session.code.run("6 * 7", language).result == "42"


def test_k12_four_languages_are_known_and_no_others(session: Session) -> None:
    for language in ("javascript", "JavaScript", "js", "node", "nodejs", "java", "r", "R"):
        assert session.code.run("1", language).code != "PARAM_ERROR"
    refused = session.code.run("1", "cobol")
    assert refused.code == "PARAM_ERROR"
    assert "'cobol'" in refused.error_message
    assert "java, javascript, python, r" in refused.error_message


def test_k13_files_are_copied_there_and_back(session: Session) -> None:
    content = bytes(range(256)) * 400
    Path("local.bin").write_bytes(content)
    assert session.oss.upload_file("local.bin", "/tmp/remote.bin").success
    assert session.oss.download_file("/tmp/remote.bin", "deep/down/back.bin").success
    assert Path("deep/down/back.bin").read_bytes() == content
    missing = session.oss.upload_file("nowhere.txt", "remote.txt")
    assert not missing.success
    assert "nowhere.txt" in missing.error_message
    for remote in ("/no/such/file", "/tmp/no-such-file", "no-such-file"):
        absent = session.oss.download_file(remote, "local.txt")
        assert not absent.success
        assert absent.error_message
        assert not Path("local.txt").exists()


def test_k13_a_bare_name_is_the_same_file_there_and_back(session: Session) -> None:
    Path("local.txt").write_text("from this machine")
    session.oss.upload_file("local.txt", "remote.txt").raise_for_error()
    session.oss.download_file("remote.txt", "back.txt").raise_for_error()
    assert Path("back.txt").read_text() == "from this machine"


def test_k13_a_bucket_is_reached_by_tools_that_few_images_have(session: Session) -> None:
    for refused in (
        session.oss.env_init("id", "secret"),
        session.oss.upload("bucket", "object", "/tmp/file"),
        session.oss.download("bucket", "object", "/tmp/file"),
    ):
        assert isinstance(refused.error, ToolNotFoundError)
        assert "oss_" in refused.error_message


def test_k14_a_session_can_be_a_class_of_ones_own(agb: AGB, session: Session) -> None:
    class Mine(Session):
        def greet(self) -> str:
            return self.command.execute("echo hello").output

    assert issubclass(Session, BaseSession)
    assert Mine(agb, session.session_id).greet() == "hello\n"


def test_k15_info_is_a_map_with_attributes(session: Session) -> None:
    data = session.info().data
    assert isinstance(data, SessionInfo)
    assert data.session_id == data["session_id"]
    assert "app_id" not in data
    assert data.app_id is None
    assert dict(data).keys() == set(data)
    with pytest.raises(KeyError):
        data["app_id"]


def test_k16_results_raise_on_request_and_programming_errors_at_once(
    agb: AGB, session: Session
) -> None:
    run = session.code.run("1", "python")
    assert run.raise_for_error() is run
    with pytest.raises(CodeExecutionError, match="ZeroDivisionError"):
        session.code.run("1 / 0", "python").raise_for_error()
    with pytest.raises(ImageNotFoundError), agb.session(image_id="no-such-image"):
        pytest.fail("there is no session")
    wrong: Any = session.code.run
    with pytest.raises(TypeError):
        wrong("1")


def test_k17_every_failed_check_has_the_same_code(agb: AGB, session: Session) -> None:
    anything: Any = None
    for refused in (
        agb.create(),
        agb.list(page=0),
        agb.list(limit=0),
        agb.get(""),
        agb.delete(""),
        session.code.run("1", "cobol"),
        session.code.run("1", "python", timeout_s=0),
        session.command.execute(" "),
        session.file.read(""),
        session.set_labels({}),
        session.set_labels(anything),
        session.call_mcp_tool("", {}),
    ):
        assert refused.code == "PARAM_ERROR"
        assert isinstance(refused.error, InvalidParamsError)
        assert refused.request_id == ""
    with pytest.raises(InvalidParamsError) as error:
        CreateSessionParams(labels=anything or {"": "x"})
    assert error.value.code == "PARAM_ERROR"


def test_k23_a_deletion_waits_unless_told_not_to(agb: AGB) -> None:
    session = create(agb)
    assert agb.delete(session, wait=True, timeout=60).success
    assert isinstance(session.get_status().error, SessionNotFoundError)
    assert agb.delete(create(agb), wait=False).success
    assert agb.delete(session).success


def test_k23_a_deletion_can_bring_contexts_up_to_date_first(agb: AGB) -> None:
    context = agb.context.create("saved-at-last").raise_for_error()
    manual = SyncPolicy(upload_policy=UploadPolicy(auto_upload=False))
    mount = ContextSync(context.context_id, "/home/data", manual)
    for sync_context, kept in ((False, []), (True, ["file"])):
        with agb.session(CreateSessionParams(IMAGE, context_syncs=[mount])) as session:
            session.file.write("/home/data/file", "x").raise_for_error()
            agb.delete(session, sync_context=sync_context).raise_for_error()
        names = [entry.file_name for entry in agb.context.list_files(context.context_id)]
        assert names == kept


def test_k23_nothing_is_deleted_when_contexts_can_not_be_brought_up_to_date(agb: AGB) -> None:
    context = agb.context.create("lost").raise_for_error()
    mount = ContextSync(context.context_id, "/home/data")
    with agb.session(CreateSessionParams(IMAGE, context_syncs=[mount])) as session:
        agb.context.delete(context.context_id).raise_for_error()
        kept = agb.delete(session, sync_context=True)
        assert isinstance(kept.error, ContextSyncError)
        assert context.context_id in kept.error_message
        assert session.get_status().status == "RUNNING"


def test_k24_a_deletion_never_raises() -> None:
    with AGB("some-key", endpoint=NOWHERE) as cut_off:
        for deleted in (cut_off.delete("s-1"), Session(cut_off, "s-1").delete()):
            assert isinstance(deleted, DeleteResult)
            assert deleted.error_message
    with pytest.raises(APIConnectionError):
        deleted.raise_for_error()


def test_k25_an_idle_time_is_asked_for_on_creation(agb: AGB) -> None:
    wiretap = Wiretap()
    with AGB(transport=wiretap) as tapped:
        tapped.create(CreateSessionParams(image_id=IMAGE, idle_release_timeout=120))
        tapped.create(CreateSessionParams(image_id=IMAGE))
    asked, left = (json.loads(request.content) for request in wiretap.notes.requests)
    assert asked["timeout"] == 120
    assert "timeout" not in left
    assert agb.list().total_count == 2


def test_k26_a_file_that_was_read_is_its_text(session: Session) -> None:
    session.file.write("a", "text")
    file_content = session.file_system.read_file("a")
    assert f"{file_content}" == file_content.content == "text"


def test_k27_the_http_client_makes_calls_that_have_no_method(session: Session) -> None:
    client = session.get_client()
    assert type(client).__name__ == "Client"
    answer = client.request("POST", "/mcp/getSession", body={"sessionId": session.session_id})
    assert answer["success"] is True
    assert answer["data"]["sessionId"] == session.session_id


def test_k28_labels_are_everywhere(agb: AGB) -> None:
    session = create(agb, team="data")
    assert session.get_labels().data == {"team": "data"}
    assert session.set_labels({"team": "other"}).success
    assert agb.list(labels={"team": "other"})[0].get_labels().data == {"team": "other"}


def test_k29_a_block_may_be_a_generator(agb: AGB) -> None:
    @contextmanager
    def watched(session: Session) -> Iterator[Session]:
        before = session.info()
        yield session
        assert before.success
        assert session.info().success

    with watched(create(agb)) as session:
        assert session.code.run("1", "python").success


def test_k30_a_limit_always_travels_and_the_client_waits_longer() -> None:
    sent: list[tuple[dict[str, Any], float]] = []

    def note(request: httpx.Request) -> httpx.Response:
        args = json.loads(json.loads(request.content)["args"])
        sent.append((args, request.extensions["timeout"]["read"]))
        return httpx.Response(503)

    with AGB("k", endpoint=NOWHERE, timeout=5, transport=httpx.MockTransport(note)) as agb:
        session = Session(agb, "s-1")
        session.code.run("1", "python")
        session.command.execute("true")
        session.command.execute("true", timeout_ms=500)
    limits = [args.get("timeout_s") or args["timeout_ms"] / 1000 for args, _ in sent]
    assert limits == [60, 60, 0.5]
    assert [read for _, read in sent] == [65, 65, 5.5]


def test_k30_a_command_that_takes_longer_is_stopped(session: Session) -> None:
    stopped = session.command.execute("sleep 60", timeout_ms=100)
    assert isinstance(stopped.error, ExecutionTimeoutError)
    stopped_code = session.code.run("while True: pass", "python", timeout_s=1)
    assert isinstance(stopped_code.error, ExecutionTimeoutError)


@pytest.mark.parametrize("image", DEFAULT_IMAGES)
def test_k31_every_known_image_can_be_used(agb: AGB, image: str) -> None:
    with agb.session(image_id=image) as session:
        tools = {tool.name for tool in session.list_mcp_tools().tools}
        assert {"shell", "run_code", "read_file", "write_file"} <= tools
        assert session.code.run("6 * 7", "python").result == "42"
        assert session.command.execute("echo hi").output == "hi\n"


def test_k32_threads_share_a_session(session: Session) -> None:
    def work(number: int) -> str:
        session.file.write(f"file-{number}", str(number)).raise_for_error()
        return session.command.execute(f"cat file-{number}").output

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(work, range(24))) == [str(number) for number in range(24)]


def test_k33_labels_are_replaced_or_updated(session: Session) -> None:
    session.set_labels({"project": "demo", "team": "backend"})
    session.set_labels({"project": "demo", "environment": "production"})
    assert session.get_labels().data == {"project": "demo", "environment": "production"}
    updated = session.update_labels({"environment": "testing", "team": "data"})
    expected = {"project": "demo", "environment": "testing", "team": "data"}
    assert updated.data == session.get_labels().data == expected
