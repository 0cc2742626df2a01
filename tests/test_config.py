"""Settings: where each is taken from, and what is refused."""

import io
import logging
import math
from pathlib import Path
from typing import Any

import pytest
from support.local import LocalAGB

from agb import AGB, AsyncAGB, Config, ConfigurationError
from agb.config import DEFAULT_ENDPOINT, DEFAULT_MAX_RETRIES, DEFAULT_TIMEOUT

SECRET = "key-that-nobody-may-see"
NAMES = {
    "api_key": "AGB_API_KEY",
    "endpoint": "AGB_ENDPOINT",
    "timeout": "AGB_TIMEOUT_MS",
    "default_image": "AGB_DEFAULT_IMAGE",
    "max_retries": "AGB_MAX_RETRIES",
}
# Of each setting: an argument, then the text that stands for its value elsewhere.
VALUES: dict[str, tuple[Any, dict[str, Any]]] = {
    "api_key": (
        "from-argument",
        {"from-environment": "from-environment", "from-file": "from-file"},
    ),
    "endpoint": (
        "https://from-argument",
        {
            "https://from-environment": "https://from-environment",
            "https://from-file": DEFAULT_ENDPOINT,
        },
    ),
    "timeout": (1.5, {"2500": 2.5, "3500": 3.5}),
    "default_image": (
        "from-argument",
        {"from-environment": "from-environment", "from-file": "from-file"},
    ),
    "max_retries": (0, {"5": 5, "7": 7}),
}
DEFAULTS = {
    "endpoint": DEFAULT_ENDPOINT,
    "timeout": DEFAULT_TIMEOUT,
    "default_image": None,
    "max_retries": DEFAULT_MAX_RETRIES,
    "max_requests": None,
    "allow_http": False,
}


def resolved(setting: str, argument: object = None) -> object:
    given: dict[str, Any] = {} if setting == "api_key" else {"api_key": "some-key"}
    if argument is not None:
        given[setting] = argument
    return getattr(Config.resolve(**given), setting)


def from_file(*lines: str) -> Config:
    Path(".env").write_text("\n".join(lines) + "\n", "utf-8")
    return Config.resolve()


@pytest.mark.parametrize("setting", NAMES)
def test_an_argument_comes_before_the_environment_and_that_before_the_file(
    setting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    argument, elsewhere = VALUES[setting]
    (in_environment, from_environment), (in_file, from_dotenv) = elsewhere.items()
    Path(".env").write_text(f"{NAMES[setting]}={in_file}\n")
    assert resolved(setting) == from_dotenv
    monkeypatch.setenv(NAMES[setting], in_environment)
    assert resolved(setting) == from_environment
    assert resolved(setting, argument) == argument


@pytest.mark.parametrize("setting", DEFAULTS)
def test_what_is_set_nowhere_has_its_default(setting: str) -> None:
    assert resolved(setting) == DEFAULTS[setting]


def test_without_a_key_the_ways_to_give_one_are_told() -> None:
    for make in (Config.resolve, AGB, AsyncAGB):
        with pytest.raises(
            ConfigurationError, match=r"api_key=.*AGB_API_KEY.*\.local\(\)"
        ) as error:
            make()
        assert isinstance(error.value, ValueError)
        assert error.value.code == "CONFIGURATION_ERROR"


def test_a_blank_key_is_none_and_does_not_fall_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGB_API_KEY", "from-environment")
    with pytest.raises(ConfigurationError, match="no API key"):
        Config.resolve(api_key=" ")
    monkeypatch.setenv("AGB_API_KEY", " ")
    with pytest.raises(ConfigurationError, match="no API key"):
        Config.resolve()


@pytest.mark.parametrize("setting", sorted(DEFAULTS.keys() & NAMES.keys()))
def test_a_blank_variable_means_the_default(setting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for blank in ("", "  "):
        monkeypatch.setenv(NAMES[setting], blank)
        assert resolved(setting) == DEFAULTS[setting]


def test_white_space_around_a_key_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Config.resolve(api_key=" some-key\n").api_key == "some-key"
    monkeypatch.setenv("AGB_API_KEY", "some-key\r\n")
    assert Config.resolve().api_key == "some-key"


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("AGB_API_KEY=plain", "plain"),
        ("  AGB_API_KEY = spaced  ", "spaced"),
        ("export AGB_API_KEY=exported", "exported"),
        ('AGB_API_KEY="in-quotes"', "in-quotes"),
        ("AGB_API_KEY='in-quotes'", "in-quotes"),
        ('AGB_API_KEY="with#sign"', "with#sign"),
        ('AGB_API_KEY="in-quotes" # a comment', "in-quotes"),
        ("AGB_API_KEY=plain # a comment", "plain"),
        ("AGB_API_KEY=plain\t# a comment", "plain"),
        ("AGB_API_KEY=with#sign", "with#sign"),
        ("AGB_API_KEY=with=sign", "with=sign"),
        ("AGB_API_KEY='half", "'half"),
        ("AGB_API_KEY=first\nAGB_API_KEY=last", "last"),
        ("AGB_API_KEY=plain\r", "plain"),
    ],
)
def test_a_file_may_quote_export_and_comment(line: str, key: str) -> None:
    assert from_file("# a file of settings", "", "no setting at all", line).api_key == key


def test_a_file_may_start_with_a_byte_order_mark() -> None:
    assert from_file("\ufeffAGB_API_KEY=some-key").api_key == "some-key"


@pytest.mark.parametrize(
    "line", ["# AGB_API_KEY=x", "AGB_API_KEY=", "AGB_API_KEY= # none", "AGB_API_KEY", "=x"]
)
def test_a_file_without_a_key_gives_none(line: str) -> None:
    with pytest.raises(ConfigurationError, match="no API key"):
        from_file(line)


def test_a_file_that_can_not_be_read_counts_as_none() -> None:
    Path(".env").write_bytes(b"AGB_API_KEY=\xff")
    with pytest.raises(ConfigurationError, match="no API key"):
        Config.resolve()
    Path(".env").unlink()
    Path(".env").mkdir()
    with pytest.raises(ConfigurationError, match="no API key"):
        Config.resolve()


def test_a_file_sets_what_is_no_address() -> None:
    config = from_file("AGB_API_KEY=k", "AGB_TIMEOUT_MS=1500", "AGB_DEFAULT_IMAGE=code_latest")
    assert (config.api_key, config.timeout, config.default_image) == ("k", 1.5, "code_latest")


def test_a_file_never_says_where_the_key_is_sent(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    Path(".env").write_text("AGB_ENDPOINT=https://somewhere.else\n")
    assert Config.resolve(api_key=SECRET).endpoint == DEFAULT_ENDPOINT
    assert "ignoring AGB_ENDPOINT in .env" in caplog.text
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    caplog.clear()
    assert Config.resolve(api_key=SECRET, endpoint="https://given").endpoint == "https://given"
    monkeypatch.setenv("AGB_ENDPOINT", "https://also-given")
    assert Config.resolve(api_key=SECRET).endpoint == "https://also-given"
    assert not caplog.records


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("agb.example.com", "https://agb.example.com"),
        ("localhost:8099", "https://localhost:8099"),
        ("http://127.0.0.1:8099", "http://127.0.0.1:8099"),
        ("http://[::1]:8099", "http://[::1]:8099"),
        ("https://agb.example.com/", "https://agb.example.com"),
        ("https://agb.example.com/behind//", "https://agb.example.com/behind"),
        (" https://agb.example.com\n", "https://agb.example.com"),
        ("HTTPS://agb.example.com", "HTTPS://agb.example.com"),
    ],
)
def test_an_endpoint_needs_no_scheme_and_no_slash(given: str, used: str) -> None:
    assert Config.resolve(api_key="k", endpoint=given).endpoint == used


@pytest.mark.parametrize("blank", ["", "  ", "/"])
def test_a_blank_endpoint_is_refused(blank: str) -> None:
    with pytest.raises(ConfigurationError, match="the endpoint is empty"):
        Config(endpoint=blank)


@pytest.mark.parametrize(
    "endpoint",
    [
        "ftp://agb.example.com",
        "http://",
        "https://:8099",
        "http://agb.example.com:port",
        "http://agb.example.com:99999",
        "http://[::1",
        "http://agb example",
        "http://agb.example.com/\x00",
    ],
)
def test_what_is_no_address_is_refused_and_repeated(endpoint: str) -> None:
    with pytest.raises(ConfigurationError, match="is no http") as error:
        Config(endpoint=endpoint)
    assert repr(endpoint) in error.value.message


@pytest.mark.parametrize(
    "endpoint",
    [
        f"https://user:{SECRET}@agb.example.com",
        f"https://{SECRET}@agb.example.com",
        f"ftp://user:{SECRET}@agb.example.com",
        f"https://agb.example.com?token={SECRET}",
        f"https://agb.example.com#{SECRET}",
    ],
)
def test_an_endpoint_with_a_secret_in_it_is_refused_and_not_repeated(endpoint: str) -> None:
    with pytest.raises(ConfigurationError, match="host, port and path alone") as error:
        Config(endpoint=endpoint)
    assert SECRET not in error.value.message


@pytest.mark.parametrize(
    "endpoint", ["http://agb.example.com", "HTTP://10.0.0.5:8099", "http://127.0.0.1.example.com"]
)
def test_the_key_does_not_travel_in_the_clear_unless_asked_to(
    endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigurationError, match=r"use https://, or say allow_http=True"):
        Config.resolve(api_key=SECRET, endpoint=endpoint)
    assert Config.resolve(api_key=SECRET, endpoint=endpoint, allow_http=True).endpoint == endpoint
    Path(".env").write_text("AGB_ALLOW_HTTP=1\n")
    with pytest.raises(ConfigurationError):
        Config.resolve(api_key=SECRET, endpoint=endpoint)
    monkeypatch.setenv("AGB_ALLOW_HTTP", "1")
    assert Config.resolve(api_key=SECRET, endpoint=endpoint).allow_http
    monkeypatch.setenv("AGB_ALLOW_HTTP", "0")
    with pytest.raises(ConfigurationError):
        Config.resolve(api_key=SECRET, endpoint=endpoint)


@pytest.mark.parametrize(
    "endpoint",
    ["http://localhost:8099", "http://agb.localhost", "http://127.8.8.8", "http://[::1]"],
)
def test_to_this_machine_it_may_travel_so(endpoint: str) -> None:
    assert Config(endpoint=endpoint).endpoint == endpoint


def test_a_wish_for_http_that_is_no_yes_or_no_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGB_ALLOW_HTTP", "maybe")
    with pytest.raises(ConfigurationError, match="AGB_ALLOW_HTTP must be 1 or 0, not 'maybe'"):
        Config.resolve(api_key="k")


@pytest.mark.parametrize("number", [-1, 1.5, True, "2"])
def test_retries_are_counted(number: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match="max_retries must be a whole number, 0 or more"):
        Config(max_retries=number)
    monkeypatch.setenv("AGB_MAX_RETRIES", "often")
    with pytest.raises(ConfigurationError, match=r"AGB_MAX_RETRIES must be .*, not 'often'"):
        Config.resolve(api_key="k")


@pytest.mark.parametrize("number", [0, -1, 1.5, True, "2"])
def test_requests_at_once_are_at_least_one(number: Any) -> None:
    with pytest.raises(ConfigurationError, match="max_requests must be a whole number, 1 or more"):
        Config(max_requests=number)


@pytest.mark.parametrize("timeout", [0, -1, math.nan, math.inf, True, "5"])
def test_a_timeout_is_a_number_of_seconds_above_0(timeout: Any) -> None:
    with pytest.raises(ConfigurationError, match="timeout must be a number of seconds above 0"):
        Config(timeout=timeout)


@pytest.mark.parametrize("text", ["soon", "1.5", "60 s", "1e3"])
def test_a_timeout_in_the_environment_is_whole_milliseconds(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGB_TIMEOUT_MS", text)
    with pytest.raises(ConfigurationError, match=f"AGB_TIMEOUT_MS must be .* not '{text}'"):
        Config.resolve(api_key="k")
    assert Config.resolve(api_key="k", timeout=1).timeout == 1


@pytest.mark.parametrize("text", ["0", "-1000"])
def test_a_timeout_in_the_environment_is_above_0(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGB_TIMEOUT_MS", text)
    with pytest.raises(ConfigurationError, match="above 0"):
        Config.resolve(api_key="k")


@pytest.mark.parametrize("setting", ["api_key", "endpoint", "default_image"])
def test_what_is_no_string_is_refused(setting: str) -> None:
    given: dict[str, Any] = {setting: 5}
    with pytest.raises(ConfigurationError, match=f"{setting} must be a string, not a int"):
        Config.resolve(**{"api_key": "k", **given})


@pytest.mark.parametrize("key", [f"{SECRET}\nx", f"{SECRET} x", f"{SECRET}\x7f", f"{SECRET}é"])
def test_a_key_that_no_header_can_hold_is_refused_and_not_repeated(key: str) -> None:
    with pytest.raises(ConfigurationError, match="printable ASCII") as error:
        Config(api_key=key)
    assert SECRET not in error.value.message


def test_options_change_what_they_name() -> None:
    config = Config(api_key="k", timeout=1, default_image="code_latest")
    assert config.with_options() == config
    assert config.with_options(timeout=2) == Config(
        api_key="k", timeout=2, default_image="code_latest"
    )
    assert config.with_options(default_image="other").default_image == "other"
    with pytest.raises(ConfigurationError):
        config.with_options(timeout=0)


def test_a_client_takes_a_whole_config_and_reads_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AGB_DEFAULT_IMAGE", "from-environment")
    config = Config(api_key="k", endpoint="agb.example.com", timeout=1.5)
    with AGB(config=config) as agb:
        assert agb.config is config
        assert agb.api_key == "k"
        assert agb.endpoint == "https://agb.example.com"
        assert agb.timeout_ms == 1500
    for given in ({"api_key": "k"}, {"endpoint": "x"}, {"timeout": 1}, {"default_image": "x"}):
        arguments: dict[str, Any] = given
        with pytest.raises(ConfigurationError, match="give it alone"):
            AGB(config=config, **arguments)
    with pytest.raises(ConfigurationError, match="no api_key"):
        AGB(config=Config())


def test_the_key_is_in_no_repr() -> None:
    with AGB(SECRET, endpoint="http://127.0.0.1:9", default_image="code_latest") as agb:
        failed = agb.create()
        shown = [
            agb,
            agb.config,
            agb.client,
            agb.transport,
            failed,
            failed.error,
            vars(failed.error),
        ]
        assert SECRET not in repr(shown)
        assert repr(agb) == "<AGB http://127.0.0.1:9>"


def test_the_key_and_the_tokens_are_in_no_log(
    local_agb: LocalAGB, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with (
        AGB(local_agb.api_key, endpoint=local_agb.endpoint) as agb,
        agb.session(image_id="agb-browser-use-1") as session,
    ):
        session.command.execute("true").raise_for_error()
        token = session.token
        told = io.StringIO()
        print(session, agb.get_session(session.session_id), session.info(), file=told)
    assert "/link/" in caplog.text
    assert token
    for secret in (local_agb.api_key, token):
        assert secret not in caplog.text
        assert secret not in told.getvalue()
