"""Each recording, played to the client."""

import pytest

from conformance._async.cases import (
    client,
    code,
    command,
    contexts,
    extensions,
    failures,
    files,
    listing,
    mounts,
    policies,
    sessions,
    streams,
    tools,
    transfers,
)
from conformance._async.stream_world import StreamCase, play_stream
from conformance._async.world import Case, play
from conformance.replay import README, RECORDINGS

AREAS = (
    client,
    code,
    command,
    contexts,
    extensions,
    failures,
    files,
    listing,
    mounts,
    policies,
    sessions,
    tools,
    transfers,
)
CASES = [case for area in AREAS for case in area.CASES]


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_the_client_sends_what_was_recorded_and_reads_the_answer(case: Case) -> None:
    await play(case)


@pytest.mark.parametrize("case", streams.CASES, ids=str)
async def test_a_stream_goes_as_it_was_recorded_frame_by_frame(case: StreamCase) -> None:
    await play_stream(case)


def test_every_recording_is_played_once() -> None:
    assert sorted(case.recording for case in (*CASES, *streams.CASES)) == sorted(
        path.stem for path in RECORDINGS.glob("*.json")
    )


def test_where_other_requests_go_out_the_readme_says_why() -> None:
    told = README.read_text("utf-8")
    cases = (*CASES, *streams.CASES)
    assert [each.recording for each in cases if each.differs and f"`{each}`" not in told] == []
