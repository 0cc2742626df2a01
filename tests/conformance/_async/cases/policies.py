"""Policies of mounts, and values that are refused when they are made."""

from collections.abc import Awaitable, Callable

import pytest

from agb import (
    AsyncSession,
    BrowserFingerprintContext,
    ContextSync,
    CreateSessionParams,
    ExtensionOption,
    InvalidParamsError,
    RecyclePolicy,
    SessionResult,
    SyncPolicy,
    UploadPolicy,
    WhiteList,
)
from conformance._async.cases.sessions import CREATED
from conformance._async.world import IMAGE, AsyncWorld, Case
from conformance.outcome import gives
from conformance.policies import POLICIES


def mounting(
    policy: SyncPolicy,
) -> Callable[[AsyncWorld], Awaitable[SessionResult[AsyncSession]]]:
    sync = ContextSync("SdkCtx-1", "/home/data", policy)
    return lambda on: on.agb.create(CreateSessionParams(image_id=IMAGE, context_syncs=[sync]))


def refusing(make: Callable[[], object], told: str) -> Callable[[AsyncWorld], Awaitable[None]]:
    async def call(_: AsyncWorld) -> None:
        with pytest.raises(InvalidParamsError, match=told):
            make()

    return call


CASES = (
    *(Case(name, mounting(policy), gives(session=CREATED)) for name, policy in POLICIES.items()),
    Case(
        "validation_policy_invalid_lifecycle",
        refusing(
            lambda: RecyclePolicy(lifecycle="Lifecycle_1Day"),  # type: ignore[arg-type]
            r"lifecycle must be one of Lifecycle\.LIFECYCLE_1DAY, .* not 'Lifecycle_1Day'",
        ),
    ),
    Case(
        "validation_policy_whitelist_wildcard",
        refusing(lambda: WhiteList(path="/a/[x]"), r"path must be an exact path.* '\[\]'"),
    ),
    Case(
        "validation_policy_whitelist_exclude_wildcard",
        refusing(
            lambda: WhiteList(path="/a", exclude_paths=["*.json"]),
            r"exclude_paths\[0\] must be an exact path.* '\*'",
        ),
    ),
    Case(
        "validation_upload_policy_bad_strategy",
        refusing(
            lambda: UploadPolicy(upload_strategy="x"),  # type: ignore[arg-type]
            "upload_strategy must be one of .* not 'x'",
        ),
    ),
    Case(
        "validation_extension_option_empty_context",
        refusing(lambda: ExtensionOption(" ", ["a"]), "context_id must be a non-blank string"),
    ),
    Case(
        "validation_extension_option_empty_ids",
        refusing(lambda: ExtensionOption("ctx", []), "extension_ids must name at least one"),
    ),
    Case(
        "validation_fingerprint_context_empty",
        refusing(lambda: BrowserFingerprintContext(""), "fingerprint_context_id must be a non-bl"),
    ),
)
