"""The SDK's own labels, told apart from users'."""

from hypothesis import given
from hypothesis import strategies as st

from agb import _own_labels

KEYS = st.text(min_size=1) | st.text().map(_own_labels.PREFIX.__add__)


@given(st.dictionaries(KEYS, st.text()))
def test_each_label_is_either_a_users_or_the_sdks_own(labels: dict[str, str]) -> None:
    own, users = _own_labels.own_labels(labels), _own_labels.users_labels(labels)
    assert {**own, **users} == labels
    assert all(map(_own_labels.is_own, own))
    assert not any(map(_own_labels.is_own, users))


def test_the_label_of_a_request_is_the_sdks_own_and_each_value_new() -> None:
    assert _own_labels.is_own(_own_labels.REQUEST)
    assert not _own_labels.is_own("agb")
    assert not _own_labels.is_own("request")
    assert _own_labels.new_request() != _own_labels.new_request()
