"""Say what differs where an assertion in a shared module fails."""

import pytest

pytest.register_assert_rewrite(
    "conformance.outcome", "conformance.replay", "conformance.stream_replay"
)
