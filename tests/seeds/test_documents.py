"""Every example of the documents: as it stands on the blocking client, awaited on the other.

A test is named after its example and checks what the text around it promises. Examples that an
example builds on are run before it.
"""

import ast
import inspect
import json
import re
from pathlib import Path
from typing import Any

import pytest
from support.documents import EXAMPLES, is_python
from support.reading import Ran, Reader, Step

import agb as package
from agb import (
    AGB,
    DEFAULT_IMAGES,
    AsyncBaseSession,
    AsyncSession,
    AuthenticationError,
    BaseSession,
    BrowserContext,
    BWList,
    ContextSyncError,
    CreateSessionParams,
    DeletePolicy,
    ExtensionOption,
    ExtractPolicy,
    Session,
    SessionNotFoundError,
    SyncPolicy,
    UploadPolicy,
    WhiteList,
)


def running(agb: AGB) -> list[str]:
    return [session.session_id for session in agb.iter_sessions()]


def is_gone(agb: AGB, session: Any) -> bool:
    return isinstance(agb.get_session(session.session_id).error, SessionNotFoundError)


def without_its_session(agb: AGB) -> Step:
    """Delete the session so far, as somebody else would."""
    return lambda names: Session(agb, names["session"].session_id).delete().raise_for_error()


def same_session(agb: AGB, ran: Ran) -> Session:
    """Return a blocking handle of the session that an example created."""
    return Session(agb, ran["session"].session_id)


# What happens around an awaited example, such as a look at its session, is done blocking.
pytestmark = pytest.mark.filterwarnings("ignore::agb.BlockingCallWarning")


@pytest.fixture
def prepared(agb: AGB, packed_extension: Path) -> None:
    """Fill the context that an example takes its extensions from.

    A context of that very id is made by using it for browser data.
    """
    browser = BrowserContext("browser_extensions_context")
    with agb.session(CreateSessionParams("agb-code-space-1", browser_context=browser)):
        pass
    for number in (1, 2):
        remote = f"/tmp/extensions/chrome_extension_{number}.zip"
        stored = agb.context.upload_file("browser_extensions_context", packed_extension, remote)
        stored.raise_for_error()


@pytest.fixture
def without_access(agb: AGB, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001 - comes first
    monkeypatch.setenv("AGB_API_KEY", "a-wrong-key")


def declared(code: str) -> dict[str, Any]:
    """Return the parameters that a class header shows, without `self`, and their defaults."""
    (class_,) = ast.parse(code).body
    assert isinstance(class_, ast.ClassDef)
    (init,) = class_.body
    assert isinstance(init, ast.FunctionDef)
    names = [argument.arg for argument in init.args.args]
    required = len(names) - len(init.args.defaults)
    defaults = [inspect.Parameter.empty] * required
    values = [*defaults, *map(ast.literal_eval, init.args.defaults)]
    return dict(list(zip(names, values, strict=True))[1:])


def real(kind: type) -> dict[str, Any]:
    parameters = inspect.signature(kind).parameters.values()
    return {parameter.name: parameter.default for parameter in parameters}


def test_every_example_has_its_test() -> None:
    tested = {
        match[1].upper()
        for name, test in globals().items()
        if inspect.isfunction(test) and (match := re.match(r"test_([a-e]\d+)_", name))
    }
    assert tested == EXAMPLES.keys()
    assert len(EXAMPLES) == 53


def test_the_headers_alone_are_no_programs() -> None:
    headers = {name for name, code in EXAMPLES.items() if not is_python(code)}
    assert headers == {"A1", "B1", "E1", "E2", "E4"}


def test_a1_the_image_may_come_first_and_need_not_be_given() -> None:
    shown = declared(EXAMPLES["A1"].rstrip() + ": pass")
    assert shown == {"image_id": None}
    assert shown.items() <= real(CreateSessionParams).items()
    assert CreateSessionParams("code_latest") == CreateSessionParams(image_id="code_latest")


def test_a2_a_session_is_created_without_parameters(
    read: Reader, agb: AGB, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGB_DEFAULT_IMAGE", "code_latest")
    ran = read("A2")
    assert running(agb) == [ran["session"].session_id]
    assert ran["session"].image_id == "code_latest"
    assert ran.output == f"Created session: {ran['session'].session_id}\n"


def test_a2_without_a_default_image_none_is_created(read: Reader, agb: AGB) -> None:
    ran = read("A2")
    assert ran["result"].code == "PARAM_ERROR"
    assert ran.output == ""
    assert running(agb) == []


def test_a3_a_session_gets_the_image_that_was_asked_for(read: Reader, agb: AGB) -> None:
    created = read("A2", "A3")["result"]
    assert created.success
    assert created.session.image_id == "agb-code-space-1"
    assert running(agb) == [created.session.session_id]


def test_a4_the_same_goes_for_all_that_can_be_configured(read: Reader, agb: AGB) -> None:
    created = read("A2", "A4")["result"]
    assert created.success
    assert running(agb) == [created.session.session_id]


def test_a5_the_images_are_known_with_what_they_are_for(read: Reader) -> None:
    documented = read("A5")["DEFAULT_IMAGES"]
    assert len(documented) == 2
    assert documented.items() <= DEFAULT_IMAGES.items()


def test_a6_an_image_is_selected_by_parameter(read: Reader) -> None:
    assert read("A2", "A6")["params"].image_id == "agb-code-space-1"


def test_a7_an_image_is_selected_for_a_kind_of_project(read: Reader) -> None:
    assert read("A2", "A7")["params"].image_id == "agb-code-space-1"


def test_b1_the_parameters_have_this_order() -> None:
    corrected = EXAMPLES["B1"].replace("image_id: str ,", "image_id: Optional[str] = None,")
    shown = declared(corrected.rstrip() + ": pass")
    assert list(shown) == ["labels", "image_id", "context_syncs", "browser_context"]
    assert list(real(CreateSessionParams).items())[: len(shown)] == list(shown.items())


def test_b2_a_session_is_created(read: Reader, agb: AGB) -> None:
    ran = read("B2")
    assert running(agb) == [ran["session"].session_id]
    assert ran.output == f"Created session: {ran['session'].session_id}\n"


def test_b3_files_are_kept_as_zip_and_are_there_in_the_next_session(read: Reader, agb: AGB) -> None:
    ran = read("B3")
    labels = {"project": "my-app", "environment": "development"}
    assert agb.list(labels=labels).session_ids == (ran["session"].session_id,)
    session = same_session(agb, ran)
    assert ran.output == f"Created session with context sync: {session.session_id}\n"
    session.file.write("/workspace/project/deep/kept.txt", "kept").raise_for_error()
    session.delete().raise_for_error()
    assert agb.context.get("my-project-context").context_id == ran["context"].id
    (stored,) = agb.context.list_files(ran["context"].id)
    assert stored.file_name.endswith(".zip")
    with agb.session(ran["params"]) as following:
        assert following.file.read("/workspace/project/deep/kept.txt").content == "kept"


def test_b4_files_of_a_day_are_there_in_the_next_session(read: Reader, agb: AGB) -> None:
    ran = read("B4")
    session = same_session(agb, ran)
    assert ran.output == f"Created session with recycle policy: {session.session_id}\n"
    kept = ["test-data/a", "logs/b", "c"]
    for name in kept:
        session.file.write(f"/tmp/cache/{name}", name).raise_for_error()
    session.delete().raise_for_error()
    with agb.session(ran["params"]) as following:
        assert [following.file.read(f"/tmp/cache/{name}").content for name in kept] == kept


def test_b5_browser_data_is_mounted_without_extensions(read: Reader, agb: AGB) -> None:
    ran = read("B5")
    browser = ran["browser_context"]
    assert ran["params"].browser_context is browser
    assert browser.extension_context_syncs is None
    (data,) = browser.context_syncs()
    assert data.context_id == "browser_session"
    assert data.policy.upload_policy.auto_upload
    with agb.session(ran["params"]) as session:
        assert session.context.info("browser_session").context_status_data


def test_b6_the_mount_of_the_extensions_is_generated(read: Reader) -> None:
    browser = read("B6")["browser_context"]
    assert browser.extension_context_id == "my_extensions"
    assert browser.extension_ids == ["ext_abc123.zip", "ext_def456.zip"]
    (mount,) = browser.extension_context_syncs
    assert (mount.context_id, mount.path) == ("my_extensions", "/tmp/extensions/")
    assert mount.policy == SyncPolicy(
        upload_policy=UploadPolicy(auto_upload=False),
        delete_policy=DeletePolicy(sync_local_file=False),
        extract_policy=ExtractPolicy(extract=True, delete_src_file=True),
        bw_list=BWList([WhiteList("ext_abc123.zip"), WhiteList("ext_def456.zip")]),
    )


@pytest.mark.usefixtures("prepared")
def test_b7_extensions_are_loaded_and_browser_data_is_kept(read: Reader, agb: AGB) -> None:
    ran = read("B7")
    session = same_session(agb, ran)
    assert ran.output == f"Created browser session: {session.session_id}\n"
    for name in ran["ext_option"].extension_ids:
        assert session.file.read(f"/tmp/extensions/{name}/manifest.json").content == "{}"
    cookies = "/tmp/agb_browser_data/Default/Cookies"
    session.file.write(cookies, "yum").raise_for_error()
    session.delete().raise_for_error()
    with agb.session(ran["params"]) as following:
        assert following.file.read(cookies).content == "yum"


def test_b7_extensions_can_be_stored_by_the_service_for_it(
    read: Reader, agb: AGB, packed_extension: Path
) -> None:
    storing = """
from agb import AGB, ExtensionsService
agb = AGB()
extensions = ExtensionsService(agb, "browser-extensions")
stored = [extensions.create(packed), extensions.create(packed)]
context_id = extensions.context_id
"""
    stored = read(storing, packed=packed_extension)
    ids = [extension.id for extension in stored["stored"]]
    code = EXAMPLES["B7"].replace("browser_extensions_context", stored["context_id"])
    code = code.replace("chrome_extension_1", ids[0]).replace("chrome_extension_2", ids[1])
    ran = read(code)
    assert ran["ext_option"] == ExtensionOption(stored["context_id"], ids)
    session = same_session(agb, ran)
    found = {entry.name for entry in session.file.list("/tmp/extensions").entries}
    assert found == {name.removesuffix(".zip") for name in ids}


def test_b7_extensions_from_nowhere_fail_the_creation(read: Reader, agb: AGB) -> None:
    ran = read("B7")
    assert isinstance(ran["result"].error, ContextSyncError)
    assert "browser_extensions_context" in ran["result"].error_message
    assert "/tmp/extensions/" in ran["result"].error_message
    assert ran.output == ""
    assert running(agb) == []


def test_b8_an_image_is_selected_by_parameter(read: Reader) -> None:
    assert read("B2", "B8")["params"].image_id == "agb-code-space-1"


def test_c1_every_module_of_a_session_does_its_work(read: Reader, agb: AGB) -> None:
    Path("local.txt").write_text("from this machine")
    uploaded: list[str] = []

    def look(session: Any) -> None:
        handle = Session(agb, session.session_id)
        uploaded.append(handle.file.read(f"{handle.file.transfer_path()}/remote.txt").content)

    runs = read.results_of("Code", "run_code")
    commands = read.results_of("Command", "execute_command")
    files = read.results_of("FileSystem", "read_file")
    deletions = read.results_of("AGB", "delete", before=look)
    ran = read("C1")
    assert [run.result for run in runs] == ["Hello\n"]
    assert [command.success for command in commands] == [True]
    assert [file.code for file in files] == ["File.NotFound"]
    assert "/path/to/file" in files[0].error_message
    assert uploaded == ["from this machine"]
    assert [deletion.success for deletion in deletions] == [True]
    assert is_gone(agb, ran["session"])


def test_c2_a_session_is_created(read: Reader, agb: AGB) -> None:
    ran = read("C2")
    assert running(agb) == [ran["session"].session_id]
    assert ran.output == f"Session created: {ran['session'].session_id}\n"


@pytest.mark.usefixtures("without_access")
def test_c2_a_failure_is_told(read: Reader) -> None:
    ran = read("C2")
    assert isinstance(ran["result"].error, AuthenticationError)
    assert ran.output == f"Failed to create session: {ran['result'].error_message}\n"
    assert ran["result"].error_message


def test_c3_a_session_gets_the_image_that_was_asked_for(read: Reader, agb: AGB) -> None:
    ran = read("C2", "C3")
    assert ran["session"].image_id == "agb-code-space-1"
    assert ran["session"].session_id == running(agb)[0]
    assert len(running(agb)) == 2


def test_c4_info_has_the_id_and_the_url(read: Reader) -> None:
    ran = read("C2", "C4")
    assert ran["data"]["resource_url"].startswith("http")
    assert ran.output.splitlines() == [
        f"Session ID: {ran['session'].session_id}",
        f"Resource URL: {ran['data']['resource_url']}",
        "Desktop Info: N/A",
    ]


def test_c5_the_active_sessions_are_listed(read: Reader, agb: AGB) -> None:
    ran = read("C2", "C3", "C5")
    older, newer = sorted(running(agb), key=running(agb).index, reverse=True)
    assert ran.output.splitlines() == ["Active sessions: 2", f"- {newer}", f"- {older}"]


def test_c6_a_session_is_deleted(read: Reader, agb: AGB) -> None:
    ran = read("C2", "C6")
    assert ran.output == "Session deleted successfully\n"
    assert is_gone(agb, ran["session"])


def test_c7_a_manager_keeps_sessions_by_name(read: Reader, agb: AGB) -> None:
    runs = read.results_of("Code", "run_code")
    ran = read("C2", "C7")
    assert [run.result for run in runs] == ["Development environment\n", "Testing environment\n"]
    assert ran.output.splitlines() == [
        "Deleted session: development",
        "Deleted session: testing",
    ]
    assert is_gone(agb, ran["dev_session"])
    assert is_gone(agb, ran["test_session"])
    assert ran["manager"].active_sessions == {}


def test_c7_a_session_is_found_by_its_name(read: Reader) -> None:
    ran = read(
        "C2", "C7", "s = manager.create_session('again')\nfound = manager.get_session('again')"
    )
    assert ran["found"] is ran["s"]
    assert ran["found"].image_id == "agb-code-space-1"


def test_c8_sessions_work_at_the_same_time(read: Reader, agb: AGB) -> None:
    deletions = read.results_of("AGB", "delete")
    ran = read("C2", without_its_session(agb), "C8")
    outcomes = ran["results"]
    assert [outcome["success"] for outcome in outcomes] == [True, True, True]
    assert len({outcome["session_id"] for outcome in outcomes}) == 3
    assert sorted(outcome["result"] for outcome in outcomes) == ["Task 1\n", "Task 2\n", "Task 3\n"]
    assert [deletion.success for deletion in deletions] == [True, True, True]
    assert running(agb) == []
    for outcome in outcomes:
        assert f"Session {outcome['session_id']}: {outcome['result']}" in ran.output


def test_c9_a_healthy_session_passes_every_check(read: Reader, agb: AGB) -> None:
    ran = read("C2", "C9")
    session = ran["session"]
    assert ran.output.splitlines() == [
        line
        for check in range(1, 6)
        for line in (f"Health check {check}: OK", f"  Session ID: {session.session_id}")
    ]
    assert ran["monitor"].last_health_check > 0
    assert is_gone(agb, session)


def test_c9_a_deleted_session_passes_none(read: Reader) -> None:
    ran = read("C2", "C9", "checked = monitor.health_check(), monitor.is_session_active()")
    assert ran["checked"] == (False, False)


def test_c10_a_session_is_deleted_at_the_end_of_a_block(read: Reader, agb: AGB) -> None:
    runs = read.results_of("Code", "run_code")
    deletions = read.results_of("AGB", "delete")
    ran = read("C2", without_its_session(agb), "C10")
    assert [run.result for run in runs] == ["Hello\n", "Hello\n"]
    assert [deletion.success for deletion in deletions] == [True, True]
    assert is_gone(agb, ran["session"])
    assert running(agb) == []


def test_c10_the_block_deletes_its_session_when_it_raises(read: Reader, agb: AGB) -> None:
    raising = "with SessionContext(agb) as session:\n    raise RuntimeError('inside')"
    with pytest.raises(RuntimeError, match="inside"):
        read("C2", without_its_session(agb), "C10", raising)
    assert running(agb) == []


def test_c11_an_operation_reports_and_its_session_is_gone(read: Reader, agb: AGB) -> None:
    ran = read("C2", without_its_session(agb), "C11")
    assert ran.output == "{'success': True, 'output': 'Hello\\n'}\n"
    assert running(agb) == []


def test_c11_an_operation_that_raises_is_reported_too(read: Reader, agb: AGB) -> None:
    broken = """
def broken(session):
    session.code.run_code("1", "python")
    raise ValueError("no")
result = safe_session_operation(agb, broken)
"""
    ran = read("C2", without_its_session(agb), "C11", broken)
    assert ran["result"] == {"success": False, "error": "no"}
    assert running(agb) == []


def test_c12_a_session_is_created(read: Reader, agb: AGB) -> None:
    created = read("C2", "C12")["result"]
    assert created.success
    assert created.session.session_id in running(agb)


def test_c13_usage_is_watched_once_the_example_is_completed(read: Reader, agb: AGB) -> None:
    completed = (
        "import time\nfrom contextlib import contextmanager\n@contextmanager\n" + EXAMPLES["C13"]
    )
    runs = read.results_of("Code", "run_code")
    ran = read("C2", completed)
    assert re.fullmatch(
        r"Operation 'data_processing' completed in \d+\.\d\ds\n"
        r"Session remained healthy throughout operation\n",
        ran.output,
    )
    assert len(runs) == 1
    assert is_gone(agb, ran["session"])


def test_c13_as_printed_it_can_not_work(read: Reader) -> None:
    with pytest.raises(TypeError, match=r"context manager|await"):
        read("C2", "C13")


def test_c14_nothing_is_told_when_nothing_fails(read: Reader, agb: AGB) -> None:
    ran = read("C2", "C14")
    assert ran["result"].success
    assert ran.output == ""
    assert len(running(agb)) == 2


@pytest.mark.usefixtures("without_access")
def test_c14_a_failure_is_told(read: Reader) -> None:
    ran = read("C2", "C14")
    assert ran["result"].error_message
    assert ran.output == f"Error: {ran['result'].error_message}\n"


def test_c15_a_healthy_session_is_kept(read: Reader, agb: AGB) -> None:
    ran = read("C2", "C15")
    assert ran.output == ""
    assert running(agb) == [ran["session"].session_id]


def test_c15_a_dead_session_is_replaced(read: Reader, agb: AGB) -> None:
    ran = read("C2", without_its_session(agb), "C15")
    assert ran.output == "Session may be unresponsive, creating new session...\n"
    assert ran["result"].success
    assert running(agb) == [ran["result"].session.session_id]


def test_c16_few_tasks_run_in_one_session(read: Reader, agb: AGB) -> None:
    runs = read.results_of("Code", "run_code")
    tasks = [{"code": f"print('Task {number}')"} for number in range(3)]
    ran = read("C2", "C16", tasks=tasks)
    assert [run.result for run in runs] == ["Task 0\n", "Task 1\n", "Task 2\n"]
    assert running(agb) == [ran["session"].session_id]
    assert ran["operation_count"] == 3


def test_c16_after_many_tasks_the_session_is_replaced(read: Reader, agb: AGB) -> None:
    first: list[Any] = []
    runs = read.results_of("Code", "run_code")
    ran = read(
        "C2", lambda names: first.append(names["session"]), "C16", tasks=[{"code": "1"}] * 101
    )
    assert [run.success for run in runs] == [True] * 101
    assert ran["operation_count"] == 1
    assert is_gone(agb, first[0])
    assert running(agb) == [ran["session"].session_id]


def test_d1_a_session_is_created_used_and_deleted(read: Reader, agb: AGB) -> None:
    runs = read.results_of("Code", "run")
    ran = read("D1")
    assert [run.result for run in runs] == ["Hello from AGB\n"]
    assert is_gone(agb, ran["session"])


@pytest.mark.usefixtures("without_access")
def test_d1_the_program_ends_when_there_is_no_session(read: Reader) -> None:
    with pytest.raises(SystemExit, match=r"Session creation failed: \S.*key"):
        read("D1")


def test_d2_a_session_is_created(read: Reader, agb: AGB) -> None:
    ran = read("D2")
    assert running(agb) == [ran["session"].session_id]
    assert ran.output == f"Session created: {ran['session'].session_id}\n"


@pytest.mark.usefixtures("without_access")
def test_d2_a_failure_is_told(read: Reader) -> None:
    assert re.match(r"Creation failed: \S", read("D2").output)


def test_d3_info_has_the_id_and_the_url(read: Reader) -> None:
    ran = read("D2", "D3")
    assert ran.output.splitlines() == [
        f"Session ID: {ran['session'].session_id}",
        f"Resource URL: {ran['data']['resource_url']}",
    ]
    assert "resourceId=" in ran.output


def test_d4_the_ids_of_the_active_sessions_are_listed(read: Reader) -> None:
    ran = read("D2", "D4")
    assert ran.output.splitlines() == [
        "Total sessions: 1",
        "This page: 1",
        f"Session ID: {ran['session'].session_id}",
    ]


@pytest.mark.usefixtures("without_access")
def test_d4_a_failure_is_told(read: Reader) -> None:
    assert re.match(r"List failed: \S", read("D4").output)


def test_d5_the_second_page_is_reached(read: Reader, agb: AGB) -> None:
    for _ in range(11):
        agb.create(CreateSessionParams({"project": "demo"}, "code_latest")).raise_for_error()
    ran = read("D4", "D5")
    assert ran["result"].session_ids == (running(agb)[-1],)
    assert ran.output.splitlines() == ["Total: 11", "Next token: "]


def test_d5_a_page_that_is_not_there_is_a_failure(read: Reader) -> None:
    ran = read("D2", "D4", "D5")
    assert ran.output == ""
    assert "Cannot reach page 2: No more pages available" in ran["result"].error_message


def test_d6_a_session_gets_labels_when_it_is_created(read: Reader, agb: AGB) -> None:
    created = read("D2", "D6")["create_result"]
    assert created.success
    labels = {"project": "demo", "environment": "testing", "team": "backend"}
    assert agb.list(labels=labels).session_ids == (created.session.session_id,)


def test_d7_a_session_gets_other_labels_later(read: Reader, agb: AGB) -> None:
    ran = read("D2", "D6", "session = create_result.session", "D7")
    labels = {"project": "demo", "environment": "production"}
    assert ran.output.splitlines() == ["Set labels: True ", str(labels)]
    assert agb.list(labels=labels).session_ids == (ran["session"].session_id,)
    assert agb.list(labels={"team": "backend"}).session_ids == ()


def test_d8_sessions_are_found_by_all_of_their_labels(read: Reader, agb: AGB) -> None:
    agb.create(CreateSessionParams({"project": "demo"}, "code_latest")).raise_for_error()
    ran = read("D2", "D6", "D8")
    assert ran.output == f"Session ID: {ran['create_result'].session.session_id}\n"


def test_d9_tools_are_listed_and_an_unknown_one_is_told(read: Reader) -> None:
    ran = read("D2", "D9")
    first, *tools, last = ran.output.splitlines()
    assert first == f"Available tools: {len(tools)}"
    assert {"shell", "run_code", "read_file", "write_file"} <= {
        tool.split()[1][:-1] for tool in tools
    }
    assert all(re.match(r"  - \w+: \S", tool) for tool in tools)
    assert re.match("Tool call failed: .*tool_name", last)


def test_d9_the_answer_of_a_tool_is_json_text(read: Reader) -> None:
    called = EXAMPLES["D9"].replace(
        '"tool_name", {"param1": "value1", "param2": "value2"}', '"shell", {"command": "echo hi"}'
    )
    ran = read("D2", called)
    assert "Tool executed successfully\nResult: {" in ran.output
    assert json.loads(ran["result"].data)["stdout"] == "hi\n"


def test_d10_a_session_is_deleted(read: Reader, agb: AGB) -> None:
    ran = read("D2", "D10")
    assert ran.output == "Deleted: True \n"
    assert is_gone(agb, ran["session"])


def test_e1_a_session_is_a_base_session() -> None:
    base, derived = re.findall(r"[A-Z]\w+", EXAMPLES["E1"])
    assert issubclass(getattr(package, derived), getattr(package, base))
    assert issubclass(AsyncSession, AsyncBaseSession)


def test_e2_a_base_session_is_made_from_a_client_and_an_id(agb: AGB, session: Session) -> None:
    shown = declared(EXAMPLES["E2"].rstrip() + ": pass")
    assert shown == real(BaseSession) == real(AsyncBaseSession)
    handle = BaseSession(agb, session.session_id)
    assert handle.get_status().status == "RUNNING"


def test_e3_info_has_the_id_and_the_url(read: Reader) -> None:
    ran = read("E5", "E3")
    assert ran.output.splitlines() == [
        f"Session ID: {ran['session'].session_id}",
        f"Resource URL: {ran['data']['resource_url']}",
    ]


def test_e3_a_failure_is_told(read: Reader, agb: AGB) -> None:
    ran = read("E5", without_its_session(agb), "E3")
    assert re.match(r"Failed to get session info: .*not found", ran.output)


def test_e4_a_session_is_made_the_same_way(agb: AGB, session: Session) -> None:
    assert "Session(BaseSession)" in EXAMPLES["E4"]
    assert declared(EXAMPLES["E4"].rstrip() + ": pass") == real(Session) == real(AsyncSession)
    assert Session(agb, session.session_id).command.execute("echo hi").output == "hi\n"


def test_e5_every_module_of_a_session_does_its_work(read: Reader) -> None:
    ran = read("E5")
    assert ran["code_result"].result == "Hello World\n"
    assert ran["cmd_result"].output.startswith("total ")
    assert ran["file_content"].code == "File.NotFound"
    assert str(ran["file_content"]) == ""
    assert re.match("Session info: .*" + ran["session"].session_id, ran.output)


def test_e6_every_session_has_every_module(read: Reader) -> None:
    assert read("E5", "E6").output == "True\nTrue\nTrue\n"


def test_e7_a_session_without_a_desktop_has_no_desktop_facts(read: Reader) -> None:
    ran = read("E5", "E7")
    assert "app_id" not in ran["data"]
    assert "ticket" not in ran.names
    url = ran["data"]["resource_url"]
    assert ran.output == f"Session {ran['session'].session_id} is ready at {url}\n"


def test_e8_a_failed_creation_is_told_with_its_request(read: Reader) -> None:
    ran = read("E5", "agb = AGB(api_key='a-wrong-key')", "E8")
    failed = ran["result"]
    assert ran.output.splitlines() == [
        f"Session creation failed: {failed.error_message}",
        f"Request ID: {failed.request_id}",
    ]


def test_e8_nothing_is_told_when_nothing_fails(read: Reader) -> None:
    ran = read("E5", "E8")
    assert ran["result"].success
    assert ran["result"].request_id
    assert ran.output == ""


def test_e9_code_that_is_wrong_is_told(read: Reader) -> None:
    ran = read("E5", "E9")
    assert re.match("Code execution failed: .*SyntaxError", ran.output)


def test_e10_a_result_says_whether_it_has_an_output(read: Reader) -> None:
    ran = read("E5", "E10", code="print('Hello')")
    assert ran["output"] == "Hello\n"
    assert ran.output == ""
    ran = read("E5", "E10", code="1 / 0")
    assert ran.output == "Error: ZeroDivisionError: division by zero\n"


def test_e11_a_session_is_deleted_in_any_case(read: Reader, agb: AGB) -> None:
    ran = read("E5", without_its_session(agb), "E11")
    assert ran["result"].success
    assert is_gone(agb, ran["session"])
    assert running(agb) == []


def test_e12_a_function_gets_a_session_for_its_time(read: Reader, agb: AGB) -> None:
    ran = read("E5", without_its_session(agb), "E12")
    assert ran["result"].result == "Hello\n"
    assert running(agb) == []
