"""How mounts are described: defaults, what is refused, and what travels."""

import json
from collections.abc import Callable
from typing import Any

import attrs
import pytest
from attrs.exceptions import FrozenInstanceError
from conformance.policies import POLICIES
from conformance.replay import RECORDINGS
from hypothesis import given
from hypothesis import strategies as st

from agb import (
    BrowserContext,
    BrowserFingerprintContext,
    BWList,
    ContextSync,
    CreateSessionParams,
    DeletePolicy,
    DownloadPolicy,
    ExtensionOption,
    ExtractPolicy,
    InvalidParamsError,
    Lifecycle,
    MappingPolicy,
    RecyclePolicy,
    SyncPolicy,
    UploadMode,
    UploadPolicy,
    WhiteList,
)
from agb._wire.codec import dump

DEFAULT = {
    "uploadPolicy": {
        "autoUpload": True,
        "uploadStrategy": "UploadBeforeResourceRelease",
        "uploadMode": "File",
    },
    "downloadPolicy": {"autoDownload": True, "downloadStrategy": "DownloadAsync"},
    "deletePolicy": {"syncLocalFile": True},
    "extractPolicy": {"extract": True, "deleteSrcFile": True, "extractToCurrentFolder": False},
    "recyclePolicy": {"lifecycle": "Lifecycle_Forever", "paths": [""]},
    "bwList": {"whiteLists": []},
}
NO_WILDCARDS = st.text(st.characters(exclude_characters="*?[]"))
AROUND = st.tuples(NO_WILDCARDS, st.sampled_from("*?[]"), NO_WILDCARDS).map("".join)
BLANK = st.text(" \t\n")


def recorded_policy(name: str) -> object:
    recording = json.loads((RECORDINGS / f"{name}.json").read_text("utf-8"))
    [mount] = recording["requests"][0]["body"]["persistenceDataList"]
    return json.loads(mount["policy"])


def test_a_policy_has_defaults_for_all_but_the_mapping() -> None:
    assert dump(SyncPolicy()) == DEFAULT
    assert SyncPolicy().mapping_policy is None


@pytest.mark.parametrize("name", POLICIES)
def test_a_policy_travels_as_it_was_recorded(name: str) -> None:
    assert dump(POLICIES[name]) == recorded_policy(name)


def test_equal_policies_are_equal_and_can_be_keys() -> None:
    one = SyncPolicy(bw_list=BWList([WhiteList("/a", ["b"])]))
    assert one == SyncPolicy(bw_list=BWList((WhiteList("/a", ("b",)),)))
    assert len({one, SyncPolicy(bw_list=BWList([WhiteList("/a", ["b"])])), SyncPolicy()}) == 2


def test_changing_a_list_later_does_not_change_the_policy() -> None:
    paths = ["logs"]
    policy = RecyclePolicy(paths=paths)
    listed = WhiteList("/a", paths)
    paths.append("more")
    assert list(policy.paths) == list(listed.exclude_paths) == ["logs"]


@pytest.mark.parametrize(
    "value", [SyncPolicy(), UploadPolicy(), RecyclePolicy(), WhiteList("/a"), BWList()]
)
def test_what_is_set_can_not_be_changed(value: Any) -> None:
    with pytest.raises(FrozenInstanceError):
        setattr(value, attrs.fields(type(value))[0].name, None)


def test_every_lifecycle_travels_under_its_name() -> None:
    named = {
        f"Lifecycle_{days}Day{'s' * (days > 1)}" for days in (1, 3, 5, 10, 15, 30, 90, 180, 360)
    }
    assert {dump(RecyclePolicy(each))["lifecycle"] for each in Lifecycle} == {
        *named,
        "Lifecycle_Forever",
    }


@pytest.mark.parametrize(
    ("kind", "facts", "told"),
    [
        (UploadPolicy, {"auto_upload": "yes"}, "auto_upload must be True or False, not 'yes'"),
        (UploadPolicy, {"auto_upload": 1}, "auto_upload must be True or False, not 1"),
        (UploadPolicy, {"upload_mode": "File"}, r"UploadMode\.FILE, UploadMode\.ARCHIVE"),
        (UploadPolicy, {"upload_strategy": "x"}, "upload_strategy must be one of .* not 'x'"),
        (DownloadPolicy, {"auto_download": None}, "auto_download must be True or False"),
        (DownloadPolicy, {"download_strategy": "DownloadAsync"}, "download_strategy must be"),
        (DeletePolicy, {"sync_local_file": 0}, "sync_local_file must be True or False"),
        (ExtractPolicy, {"extract": "no"}, "extract must be True or False"),
        (ExtractPolicy, {"delete_src_file": 2}, "delete_src_file must be True or False"),
        (ExtractPolicy, {"extract_current_folder": ""}, "extract_current_folder must be"),
        (RecyclePolicy, {"lifecycle": "Lifecycle_1Day"}, "lifecycle must be one of"),
        (RecyclePolicy, {"lifecycle": UploadMode.FILE}, "lifecycle must be one of"),
        (RecyclePolicy, {"paths": "logs"}, "a list is needed, not 'logs'"),
        (RecyclePolicy, {"paths": ["a", "b*"]}, r"paths\[1\] must be an exact path"),
        (RecyclePolicy, {"paths": [None]}, r"paths\[0\] must be a string, not None"),
        (WhiteList, {"path": None}, "path must be a string, not None"),
        (WhiteList, {"path": "/a/[x]"}, r"path must be an exact path.*'\[\]'"),
        (WhiteList, {"path": "/a", "exclude_paths": "b"}, "a list is needed, not 'b'"),
        (
            WhiteList,
            {"path": "/a", "exclude_paths": ["*.json"]},
            r"exclude_paths\[0\] must be an exact path",
        ),
        (BWList, {"white_lists": WhiteList("/a")}, "a list is needed"),
        (BWList, {"white_lists": ["/a"]}, r"white_lists\[0\] must be a WhiteList, not '/a'"),
        (SyncPolicy, {"upload_policy": {}}, "upload_policy must be a UploadPolicy, not {}"),
        (SyncPolicy, {"bw_list": []}, r"bw_list must be a BWList, not \[\]"),
        (SyncPolicy, {"mapping_policy": "/a"}, "mapping_policy must be a MappingPolicy"),
        (
            ContextSync,
            {"context_id": "c", "path": "relative"},
            "path must be an absolute path in the session",
        ),
        (
            ContextSync,
            {"context_id": "c", "path": "/p", "policy": "x"},
            "policy must be a SyncPolicy, not 'x'",
        ),
        (MappingPolicy, {"path": " "}, "path must be a non-blank string, not ' '"),
        (ContextSync, {"context_id": "", "path": "/p"}, "context_id must be a non-blank string"),
        (
            ContextSync,
            {"context_id": "c", "path": None},
            "path must be a non-blank string, not None",
        ),
        (
            ExtensionOption,
            {"context_id": "ctx", "extension_ids": "one"},
            "extension_ids must be a list of ids, not 'one'",
        ),
        (
            ExtensionOption,
            {"context_id": "ctx", "extension_ids": ["a", " "]},
            r"extension_ids\[1\] must be a non-blank",
        ),
        (BrowserContext, {"context_id": " "}, "context_id must be a non-blank string"),
        (
            BrowserFingerprintContext,
            {"fingerprint_context_id": ""},
            "fingerprint_context_id must be a non-blank",
        ),
    ],
)
def test_a_wrong_value_is_named_when_it_is_made(
    kind: Callable[..., object], facts: dict[str, Any], told: str
) -> None:
    with pytest.raises(InvalidParamsError, match=told) as error:
        kind(**facts)
    assert isinstance(error.value, ValueError)


@given(AROUND)
def test_no_path_may_hold_a_wildcard(path: str) -> None:
    with pytest.raises(InvalidParamsError, match="without wildcards"):
        WhiteList(path)
    with pytest.raises(InvalidParamsError, match="without wildcards"):
        WhiteList("/a", [path])
    with pytest.raises(InvalidParamsError, match="without wildcards"):
        RecyclePolicy(paths=["logs", path])


@given(st.lists(NO_WILDCARDS))
def test_exact_paths_travel_as_they_are(paths: list[str]) -> None:
    assert dump(RecyclePolicy(paths=paths))["paths"] == paths
    assert dump(WhiteList("/a", paths)) == {"path": "/a", "excludePaths": paths}


@given(BLANK)
def test_a_mount_needs_a_context_and_a_path(blank: str) -> None:
    with pytest.raises(InvalidParamsError, match="context_id must be a non-blank"):
        ContextSync(blank, "/p")
    with pytest.raises(InvalidParamsError, match="path must be a non-blank"):
        ContextSync("c", blank)


def test_a_policy_that_is_none_is_the_default_one() -> None:
    none = SyncPolicy(
        upload_policy=None,
        download_policy=None,
        delete_policy=None,
        extract_policy=None,
        recycle_policy=None,
        bw_list=None,
        mapping_policy=None,
    )
    assert none == SyncPolicy()


def test_new_is_another_way_to_make_a_mount() -> None:
    assert ContextSync.new("c", "/p", SyncPolicy()) == ContextSync("c", "/p", SyncPolicy())


def test_browser_data_brings_its_mounts_after_those_of_the_caller() -> None:
    browser = BrowserContext(
        "br",
        auto_upload=False,
        extension_option=ExtensionOption("ext", ["a.zip"]),
        fingerprint_context=BrowserFingerprintContext("fp"),
    )
    params = CreateSessionParams(context_syncs=[ContextSync("c", "/p")], browser_context=browser)
    mounts = {sync.context_id: sync for sync in params.all_context_syncs()}
    assert [(name, sync.path) for name, sync in mounts.items()] == [
        ("c", "/p"),
        ("ext", "/tmp/extensions/"),
        ("fp", "/tmp/agb_browser_fingerprint"),
        ("br", "/tmp/agb_browser_data"),
    ]
    policies = [mounts[name].policy or SyncPolicy() for name in ("ext", "fp", "br")]
    assert [policy.upload_policy.auto_upload for policy in policies] == [False, False, False]
    assert [policy.delete_policy.sync_local_file for policy in policies] == [False, True, True]
    assert [[line.path for line in policy.bw_list.white_lists] for policy in policies] == [
        ["a.zip"],
        [],
        ["/Local State", "/Default/Cookies", "/Default/Cookies-journal"],
    ]


def test_browser_data_alone_brings_neither_extensions_nor_a_fingerprint() -> None:
    browser = BrowserContext("br")
    assert browser.extension_context_id is None
    assert browser.extension_ids == []
    assert browser.extension_context_syncs is None
    assert browser.get_extension_context_syncs() == []
    assert browser.get_fingerprint_context_sync() is None
    assert [sync.context_id for sync in browser.context_syncs()] == ["br"]


def test_extensions_of_browser_data_are_told() -> None:
    browser = BrowserContext("br", extension_option=ExtensionOption("ext", ("a", "b")))
    assert browser.extension_context_id == "ext"
    assert browser.extension_ids == ["a", "b"]
    assert browser.get_extension_context_syncs() == browser.extension_context_syncs
