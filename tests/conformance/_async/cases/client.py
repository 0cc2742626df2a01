"""Making a client, arguments that are wrong, and calls that have no method."""

import pytest

from agb import AsyncAGB, Config, ConfigurationError, InvalidParamsError
from conformance._async.world import SESSION_ID, AsyncWorld, Case
from conformance.outcome import fails
from conformance.replay import KEY, surroundings


async def make_with_a_key_alone(_: AsyncWorld) -> None:
    with surroundings():
        async with AsyncAGB(api_key=KEY) as agb:
            assert agb.endpoint == "https://sdk-api.agb.cloud"
            assert agb.timeout_ms == 60_000


async def make_with_a_key_in_a_file(_: AsyncWorld) -> None:
    with surroundings(dotenv=f"AGB_API_KEY={KEY}\n"):
        async with AsyncAGB() as agb:
            assert agb.api_key == KEY


async def make_with_an_endpoint_without_scheme(_: AsyncWorld) -> None:
    config = Config(api_key=KEY, endpoint="sdk-api.example")
    async with AsyncAGB(config=config) as agb:
        assert agb.endpoint == "https://sdk-api.example"


async def make_without_a_key(_: AsyncWorld) -> None:
    with surroundings(), pytest.raises(ConfigurationError, match="AGB_API_KEY"):
        AsyncAGB()


async def make_with_a_timeout_that_is_no_number(_: AsyncWorld) -> None:
    with (
        surroundings(AGB_API_KEY=KEY, AGB_TIMEOUT_MS="abc"),
        pytest.raises(ConfigurationError, match="AGB_TIMEOUT_MS"),
    ):
        AsyncAGB()


async def make_with_an_empty_endpoint(_: AsyncWorld) -> None:
    with pytest.raises(ConfigurationError, match="endpoint is empty"):
        Config(api_key=KEY, endpoint="")


async def ask_for_a_link(on: AsyncWorld) -> None:
    answer = await on.agb.client.request(
        "GET",
        "/mcp/getLink",
        query={"sessionId": SESSION_ID, "protocolType": "https", "port": "30100"},
    )
    assert answer["data"] == {"url": "https://link.example/abc"}


async def keep_alive_without_a_body(on: AsyncWorld) -> None:
    client = on.session.get_client()
    answer = await client.request(
        "POST", "/mcp/refreshSessionIdleTime", query={"sessionId": SESSION_ID}
    )
    assert answer["success"] is True


async def release(on: AsyncWorld) -> None:
    client = on.session.get_client()
    answer = await client.request("POST", "/mcp/releaseSession", body={"sessionId": SESSION_ID})
    assert answer["success"] is True


CASES = (
    Case("config_defaults", make_with_a_key_alone),
    Case("config_dotenv_api_key_only", make_with_a_key_in_a_file),
    Case("config_endpoint_without_scheme", make_with_an_endpoint_without_scheme),
    Case("validation_agb_no_api_key", make_without_a_key),
    Case("error_agb_bad_timeout_env", make_with_a_timeout_that_is_no_number),
    Case("error_empty_endpoint", make_with_an_empty_endpoint),
    Case("client_get_link_async", ask_for_a_link),
    Case("client_refresh_idle_async", keep_alive_without_a_body),
    Case("client_release_session", release),
    Case(
        "validation_command_envs",
        lambda on: on.session.command.execute("x", envs={"A": 1, 2: "b"}),  # type: ignore[dict-item]
        fails(InvalidParamsError, "envs must hold strings only", request_id=""),
    ),
    Case(
        "validation_labels_none",
        lambda on: on.session.set_labels(None),  # type: ignore[arg-type]
        fails(InvalidParamsError, "not None", request_id=""),
    ),
    Case(
        "validation_labels_string",
        lambda on: on.session.set_labels("abc"),  # type: ignore[arg-type]
        fails(InvalidParamsError, "not a str", request_id=""),
    ),
    Case(
        "validation_labels_list",
        lambda on: on.session.set_labels(["a"]),  # type: ignore[arg-type]
        fails(InvalidParamsError, "not a list", request_id=""),
    ),
    Case(
        "validation_labels_blank_key",
        lambda on: on.session.set_labels({" ": "x"}),
        fails(InvalidParamsError, "a key must be a non-blank string", request_id=""),
    ),
    Case(
        "validation_labels_blank_value",
        lambda on: on.session.set_labels({"a": " "}),
        fails(InvalidParamsError, "a value must be a non-blank string", request_id=""),
    ),
)
