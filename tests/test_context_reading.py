"""What an AGB tells about contexts, as users see it."""

import json
from typing import Any

import pytest

from agb import ContextStatusData, ContextSync, ContextSyncError, DeletePolicy, SyncPolicy
from agb._context_reading import (
    all_over,
    public_context,
    public_file,
    public_statuses,
    still_going,
    sync_failure,
    tasks,
)
from agb._creating import mounts
from agb._wire.answers import Answer
from agb._wire.codec import dump, load
from agb._wire.messages.contexts import (
    ContextData,
    ContextFileLine,
    ContextInfoData,
    ContextStatusGroup,
    ContextStatusLine,
)
from agb.exceptions import ServerError, UnexpectedResponseError, WaitTimeoutError
from agb.results import Context, ContextFileEntry, ContextInfoResult

LINE = {
    "contextId": "c",
    "path": "/p",
    "status": "Success",
    "taskType": "upload",
    "startTime": 1,
    "finishTime": 2,
    "errorMessage": "",
}


def item(status: str = "Success", **facts: Any) -> ContextStatusData:
    told = {"context_id": "c", "path": "/p", "task_type": "download", "status": status, **facts}
    return ContextStatusData(**told)


def answer(*groups: object) -> Answer[ContextInfoData]:
    data = load({"contextStatus": json.dumps(groups)}, ContextInfoData)
    return Answer(request_id="r", code="", http_status=200, data=data)


def test_a_context_is_shown_with_all_that_is_told() -> None:
    told = ContextData(id="c", name="n", create_time="t", last_used_time="u", state="available")
    assert public_context(told) == Context("c", "n", "t", "u", "available")


def test_a_file_is_shown_with_all_that_is_told() -> None:
    facts = {
        "file_id": "i",
        "file_name": "n",
        "file_path": "/n",
        "file_type": "txt",
        "gmt_create": "t",
        "gmt_modified": "u",
        "size": 1,
        "status": "ready",
    }
    line: Any = ContextFileLine
    entry: Any = ContextFileEntry
    assert public_file(line(**facts)) == entry(**facts)


def test_a_status_is_read_from_text_in_text() -> None:
    assert public_statuses(answer({"type": "data", "data": json.dumps([LINE])})) == (
        item(task_type="upload", start_time=1, finish_time=2),
    )


def test_a_status_may_come_as_it_is_too() -> None:
    found = public_statuses(answer({"type": "data", "data": [LINE, "no object"]}))
    assert [each.context_id for each in found] == ["c"]


@pytest.mark.parametrize("other", ["zzz", "{", '{"a": 1}', "", None, 5, {"a": 1}, [1]])
def test_groups_of_other_types_may_hold_anything(other: object) -> None:
    groups = [{"type": "other", "data": other}, {"type": "data", "data": json.dumps([LINE])}]
    assert len(public_statuses(answer(*groups))) == 1


@pytest.mark.parametrize("empty", ["", "[]", None, []])
def test_no_data_is_no_tasks(empty: object) -> None:
    assert public_statuses(answer({"type": "data", "data": empty})) == ()
    assert public_statuses(answer({"type": "data"})) == ()


@pytest.mark.parametrize("broken", ["zzz", "{}", 5, '[{"contextId": 5}]'])
def test_broken_data_is_not_taken_for_no_tasks(broken: object) -> None:
    with pytest.raises(UnexpectedResponseError, match="a context status is not") as error:
        public_statuses(answer({"type": "data", "data": broken}))
    assert (error.value.request_id, error.value.status_code) == ("r", 200)


def test_a_status_that_is_written_can_be_read() -> None:
    group = ContextStatusGroup(type="data", data=[ContextStatusLine(context_id="c", path="/p")])
    sent = dump(ContextInfoData(context_status=[group]))
    told = json.loads(json.loads(sent["contextStatus"])[0]["data"])
    assert {name: told[0][name] for name in ("contextId", "path")} == {
        "contextId": "c",
        "path": "/p",
    }
    [again] = load(sent, ContextInfoData).context_status
    assert again == group
    assert [line.context_id for line in again.lines()] == ["c"]


def test_a_mount_without_a_policy_travels_with_the_default_one() -> None:
    own = SyncPolicy(delete_policy=DeletePolicy(sync_local_file=False))
    bare, ruled = mounts([ContextSync("c", "/p"), ContextSync("d", "/q", own)])
    assert (bare.context_id, bare.path, bare.policy) == ("c", "/p", dump(SyncPolicy()))
    assert (ruled.context_id, ruled.path, ruled.policy) == ("d", "/q", dump(own))
    assert list(mounts([])) == []


def test_tasks_are_those_of_the_mount_and_direction_that_are_asked_for() -> None:
    here = item()
    up = item(task_type="upload")
    elsewhere = item(path="/q")
    other = item(context_id="d")
    every = [here, up, elsewhere, other, item(task_type="mount")]
    assert tasks(every) == (here, up, elsewhere, other)
    assert tasks(every, mode="upload") == (up,)
    assert tasks(every, "c", "/p", "download") == (here,)
    assert tasks(every, "c", "/p/") == (here, up)
    assert tasks(every, "d") == (other,)


@pytest.mark.parametrize("status", ["Success", "success", "FINISHED", "ok", "done", "Completed"])
def test_what_is_done_is_over_and_no_failure(status: str) -> None:
    assert all_over([item(status)])
    assert sync_failure([item(status)], "r") is None


@pytest.mark.parametrize("status", ["Running", "Preparing", "", "in_progress"])
def test_any_other_status_is_not_over(status: str) -> None:
    assert not all_over([item(), item(status)])


def test_nothing_to_do_is_over_and_no_failure() -> None:
    assert all_over([])
    assert sync_failure([], "r") is None


def test_a_failure_is_over_also_where_only_its_cause_is_told() -> None:
    assert all_over([item("Failed"), item("failed"), item("Running", error_message="disk full")])


def test_a_failure_names_context_path_direction_and_cause() -> None:
    error = sync_failure(
        [item(), item("Failed", error_message="disk full"), item("Failed", path="/q")], "r"
    )
    assert isinstance(error, ContextSyncError)
    assert error.request_id == "r"
    assert error.message == (
        "context c at /p: download failed: disk full; "
        "context c at /q: download failed: the AGB gives no cause"
    )


def test_what_is_late_is_named() -> None:
    seen = ContextInfoResult(request_id="r", context_status_data=(item(), item("Preparing")))
    error = still_going(seen, 1.5)
    assert isinstance(error, WaitTimeoutError)
    assert error.request_id == "r"
    assert error.message == "not done after 1.5 s: context c at /p: download is Preparing"


def test_what_is_late_and_unknown_is_told_with_the_cause() -> None:
    failed = ContextInfoResult(error=ServerError("boom"))
    assert still_going(failed, 1).message.endswith("does not tell how far it is: boom")
    assert still_going(ContextInfoResult(), 1).message.endswith("it lists no such task")
