# Generated from tests/conformance/_async/cases/extensions.py; edit that file, then `nox -s twin`.
"""Browser extensions in a context."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agb import Extension, ExtensionOption, ExtensionsService, InvalidParamsError
from agb.exceptions import InvalidRequestError, ServerError
from conformance._sync.world import Case, World
from conformance.replay import surroundings

EMPTY_ZIP = b"PK\5\6" + bytes(18)


def known(on: World) -> ExtensionsService:
    """Return extensions whose context has been found."""
    extensions = ExtensionsService(on.agb, "my-extensions")
    extensions.context_id = "SdkCtx-1"
    return extensions


@contextmanager
def one_file(name: str, content: bytes = EMPTY_ZIP) -> Iterator[str]:
    with surroundings():
        Path(name).write_bytes(content)
        yield name


def make_one_without_a_name(on: World) -> None:
    extensions = ExtensionsService(on.agb)
    assert extensions.context_id == ""
    assert on.replay.sent == []
    extensions.create_extension_option(["a.zip"])
    assert extensions.context_id == "SdkCtx-1"
    assert on.replay.sent[0].url.params["name"] == extensions.context_name


def make_one_that_gets_no_context(on: World) -> None:
    extensions = ExtensionsService(on.agb, "x")
    with pytest.raises(InvalidRequestError, match="nope") as raised:
        extensions.list()
    assert (raised.value.code, raised.value.request_id) == ("X", "req-0001")


def store(on: World) -> None:
    with one_file("ext.zip", on.replay.recorded[1]["body"]) as path:
        extension = known(on).create(path)
    asked = on.replay.sent[0].url.params["filePath"]
    assert asked == f"/tmp/extensions/{extension.id}"
    assert extension == Extension(extension.id, "ext.zip")


def store_what_is_no_zip(on: World) -> None:
    with (
        one_file("up.txt") as path,
        pytest.raises(InvalidParamsError, match=r"up\.txt is no \.zip"),
    ):
        known(on).create(path)


def list_them(on: World) -> None:
    [found] = known(on).list()
    assert found == Extension("ext_abc.zip", "ext_abc.zip", "2026-01-01T00:00:00Z")


def list_in_vain(on: World) -> None:
    with pytest.raises(ServerError, match="oops"):
        known(on).list()


def replace_an_unknown_one(on: World) -> None:
    with (
        one_file("ext.zip") as path,
        pytest.raises(InvalidParamsError, match=r"no extension 'nope\.zip'"),
    ):
        known(on).update("nope.zip", path)


def delete_one(on: World) -> None:
    assert known(on).delete("ext_abc.zip")


def clean_up_in_vain(on: World) -> None:
    assert not known(on).cleanup()


def choose(on: World) -> None:
    option = known(on).create_extension_option(["a.zip"])
    assert option == ExtensionOption("SdkCtx-1", ["a.zip"])


CASES = (
    Case("extensions_init_default_name", make_one_without_a_name),
    Case("extensions_init_error", make_one_that_gets_no_context),
    Case("extensions_create", store),
    Case("extensions_create_not_zip", store_what_is_no_zip),
    Case("extensions_list", list_them),
    Case("extensions_list_error", list_in_vain),
    Case("extensions_update_unknown", replace_an_unknown_one),
    Case("extensions_delete", delete_one),
    Case("extensions_cleanup_failed", clean_up_in_vain),
    Case("extensions_option", choose),
)
