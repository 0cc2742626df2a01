"""Contexts, and the files in them."""

import secrets

import requests
from agb.context import ContextListParams
from checking import good, holds, of_client, refused, same

from agb import AGB

_SECONDS = 60


@of_client
def a_context_is_made_once_renamed_and_deleted(agb: AGB) -> None:
    name = f"peer-{secrets.token_hex(8)}"
    refused(agb.context.get(name))
    made = good(agb.context.create(name))
    same(good(agb.context.create(name)).context_id, made.context_id)
    same(good(agb.context.get(name, create=True)).context_id, made.context_id)
    same(good(agb.context.get(context_id=made.context_id)).context.name, name)
    holds(made.context.created_at and made.context.last_used_at, "its times are told")
    made.context.name = f"{name} ü"
    good(agb.context.update(made.context))
    same(good(agb.context.get(f"{name} ü")).context_id, made.context_id)
    refused(agb.context.get(name))
    good(agb.context.delete(made.context))
    refused(agb.context.get(f"{name} ü"))
    refused(agb.context.get(context_id=made.context_id))
    holds(agb.context.delete(made.context).request_id, "a request id")


@of_client
def contexts_are_listed_newest_first(agb: AGB) -> None:
    made = [good(agb.context.create(f"peer-{secrets.token_hex(8)}")).context for _ in range(3)]
    newest = [context.id for context in reversed(made)]
    same([context.id for context in good(agb.context.list()).contexts][:3], newest)
    page = good(agb.context.list(ContextListParams(max_results=2)))
    same([context.id for context in page.contexts], newest[:2])
    for context in made:
        good(agb.context.delete(context))


@of_client
def a_file_of_a_context_is_put_listed_got_and_deleted(agb: AGB) -> None:
    context = good(agb.context.create(f"peer-{secrets.token_hex(8)}")).context
    path, content = "/data/ü file.bin", secrets.token_bytes(100_000)
    up = good(agb.context.get_file_upload_url(context.id, path))
    holds(isinstance(up.expire_time, int), "the time until which it can be used is a number")
    holds(requests.put(up.url, data=content, timeout=_SECONDS).status_code in {200, 204}, "put")
    listed = good(agb.context.list_files(context.id, "/data"))
    (entry,) = listed.entries
    same((entry.file_name, entry.file_path, entry.size), ("ü file.bin", path, len(content)))
    same(listed.count, 1)
    down = good(agb.context.get_file_download_url(context.id, path))
    got = requests.get(down.url, timeout=_SECONDS)
    same((got.status_code, got.content), (200, content))
    holds(requests.put(down.url, data=b"x", timeout=_SECONDS).status_code >= 400, "not for putting")
    good(agb.context.delete_file(context.id, path))
    same(good(agb.context.list_files(context.id, "/data")).entries, [])
    holds(agb.context.delete_file(context.id, path).request_id, "a request id")
    holds(agb.context.get_file_download_url(context.id, path).request_id, "a request id")
    good(agb.context.delete(context))


@of_client
def a_context_is_cleared_and_stays(agb: AGB) -> None:
    context = good(agb.context.create(f"peer-{secrets.token_hex(8)}")).context
    up = good(agb.context.get_file_upload_url(context.id, "/x"))
    requests.put(up.url, data=b"x", timeout=_SECONDS).raise_for_status()
    begun = good(agb.context.clear_async(context.id))
    same((begun.status, begun.context_id), ("clearing", context.id))
    done = good(agb.context.clear(context.id, poll_interval=0.2))
    same(done.status, "available")
    same(good(agb.context.list_files(context.id, "/")).entries, [])
    same(good(agb.context.get(context.name)).context_id, context.id)
    refused(agb.context.clear("SdkCtx-none"))
    good(agb.context.delete(context))


@of_client
def a_context_that_is_not_there_is_refused(agb: AGB) -> None:
    refused(agb.context.get(context_id="SdkCtx-none"))
    refused(agb.context.get_file_upload_url("SdkCtx-none", "/x"))
    refused(agb.context.list_files("SdkCtx-none"))
    refused(agb.context.create(" "))
    refused(agb.context.get())
