"""What a session is created with: the forms that are taken, and what is refused."""

from typing import Any

import pytest
from attrs.exceptions import FrozenInstanceError
from hypothesis import assume, given
from hypothesis import strategies as st

from agb import DEFAULT_IMAGES, ContextSync, CreateSessionParams, InvalidParamsError
from agb.session_params import checked_labels

SAID = st.text(min_size=1).filter(str.strip)
KEYS = SAID.filter(lambda text: not text.startswith("agb."))  # the SDK's own
BLANK = st.text(st.characters(categories=["Zs"], include_characters="\t\n\r"))
NO_STRINGS = st.one_of(st.none(), st.integers(), st.floats(), st.booleans(), st.binary())


def test_without_arguments_nothing_is_set() -> None:
    params = CreateSessionParams()
    assert params.labels == {}
    assert params.image_id is None
    assert params.policy_id is None
    assert params.idle_release_timeout is None
    assert params.context_syncs == ()
    assert params.browser_context is None


def test_the_first_argument_is_the_image_when_it_is_a_string() -> None:
    assert CreateSessionParams("code_latest") == CreateSessionParams(image_id="code_latest")


def test_the_first_argument_is_the_labels_when_it_is_a_map() -> None:
    params = CreateSessionParams({"team": "data"}, "code_latest", [], None)
    assert params == CreateSessionParams(labels={"team": "data"}, image_id="code_latest")


def test_an_image_given_twice_is_refused() -> None:
    with pytest.raises(InvalidParamsError, match="given twice: 'one' in front, and 'two'"):
        CreateSessionParams("one", "two")


def test_no_image_may_be_said_out_loud() -> None:
    assert CreateSessionParams(image_id=None) == CreateSessionParams()
    assert CreateSessionParams(None, None, None, None) == CreateSessionParams()


def test_what_is_set_can_not_be_changed() -> None:
    mine = {"team": "data"}
    params = CreateSessionParams(mine)
    mine["team"] = "other"
    labels: Any = params.labels
    changing: Any = params
    with pytest.raises(TypeError):
        labels["team"] = "other"
    with pytest.raises(FrozenInstanceError):
        changing.image_id = "other"
    assert params.labels == {"team": "data"}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"image_id": 5}, "image_id must be a string, not 5"),
        ({"image_id": b"code_latest"}, "image_id must be a string, not b'code_latest'"),
        ({"labels": ["team"]}, r'labels must be a dict such as \{"team": "data"\}, not a list'),
        ({"labels": 5}, "not a int"),
        ({"labels": {"a": "\ud800"}}, r"labels\['a'\]: holds half a character"),
        ({"labels": {"": "data"}}, "labels: a key must be a non-blank string, not ''"),
        ({"labels": {" ": "data"}}, "labels: a key must be a non-blank string, not ' '"),
        ({"labels": {5: "data"}}, "labels: a key must be a non-blank string, not 5"),
        ({"labels": {"team": ""}}, r"labels\['team'\]: a value must be a non-blank string, not ''"),
        ({"labels": {"team": None}}, r"labels\['team'\]: .* not None"),
        ({"labels": {"team": 5}}, r"labels\['team'\]: .* not 5"),
        ({"idle_release_timeout": 0}, "idle_release_timeout must be .* 1 or more, not 0"),
        ({"idle_release_timeout": -60}, "not -60"),
        ({"idle_release_timeout": 1.5}, "not 1.5"),
        ({"idle_release_timeout": "60"}, "not '60'"),
        ({"idle_release_timeout": True}, "not True"),
        ({"context_syncs": [object()]}, r"context_syncs\[0\] must be a ContextSync"),
        ({"context_syncs": "a-context"}, "context_syncs must be a list of ContextSync"),
        ({"context_syncs": ContextSync("c", "/p")}, "must be a list of ContextSync"),
        ({"browser_context": object()}, "browser_context must be a BrowserContext"),
    ],
)
def test_a_wrong_argument_is_named_with_its_value(arguments: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidParamsError, match=told) as error:
        CreateSessionParams(**arguments)
    assert error.value.code == "PARAM_ERROR"
    assert isinstance(error.value, ValueError)


@given(st.dictionaries(KEYS, SAID))
def test_labels_of_non_blank_strings_are_taken_as_they_are(labels: dict[str, str]) -> None:
    assert checked_labels(labels) == labels
    assert CreateSessionParams(labels).labels == labels


@given(st.dictionaries(KEYS, SAID), BLANK | NO_STRINGS, SAID)
def test_one_bad_key_is_found_among_good_ones(
    labels: dict[str, str], key: object, value: str
) -> None:
    wrong: dict[Any, str] = {**labels, key: value}
    with pytest.raises(InvalidParamsError) as error:
        checked_labels(wrong)
    assert repr(key) in error.value.message


@given(st.dictionaries(KEYS, SAID), KEYS, BLANK | NO_STRINGS)
def test_one_bad_value_is_found_among_good_ones(
    labels: dict[str, str], key: str, value: object
) -> None:
    wrong: dict[str, Any] = {**labels, key: value}
    with pytest.raises(InvalidParamsError) as error:
        checked_labels(wrong)
    assert repr(key) in error.value.message
    assert repr(value) in error.value.message


@given(st.one_of(NO_STRINGS, st.text(), st.lists(st.text())))
def test_labels_are_a_map(labels: object) -> None:
    with pytest.raises(InvalidParamsError, match="labels must be a dict"):
        checked_labels(labels)


@given(st.one_of(st.integers(max_value=0), st.floats(), st.booleans(), st.text()))
def test_an_idle_time_is_whole_seconds(seconds: Any) -> None:
    with pytest.raises(InvalidParamsError, match="idle_release_timeout"):
        CreateSessionParams(idle_release_timeout=seconds)


@given(st.integers(min_value=1), SAID)
def test_good_arguments_are_kept(seconds: int, image: str) -> None:
    assume(image != "other")
    params = CreateSessionParams(image, policy_id="p", idle_release_timeout=seconds)
    assert (params.image_id, params.policy_id) == (image, "p")
    assert params.idle_release_timeout == seconds
    assert params != CreateSessionParams("other", policy_id="p", idle_release_timeout=seconds)


def test_well_known_images_are_described_and_fixed() -> None:
    images: Any = DEFAULT_IMAGES
    assert {"code_latest", "agb-code-space-1"} <= DEFAULT_IMAGES.keys()
    assert all(DEFAULT_IMAGES.values())
    with pytest.raises(TypeError):
        images["mine"] = "not here"
