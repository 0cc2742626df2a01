"""What was read and not yet taken comes out as it went in."""

import io

from hypothesis import given
from hypothesis import strategies as st

from agb._line_buffer import LineBuffer

PIECES = st.lists(st.text("a\n", max_size=6), max_size=8)


@given(PIECES, st.lists(st.integers(0, 5), max_size=8))
def test_lines_and_pieces_come_out_in_order(pieces: list[str], counts: list[int]) -> None:
    buffer, whole = LineBuffer("", "\n"), io.StringIO("".join(pieces))
    steps = iter(counts)
    for piece in pieces:
        buffer.feed(piece)
        taken = buffer.take(next(steps, 0))
        assert taken == whole.read(len(taken))
        while line := buffer.line():
            assert line == whole.readline()
    rest = buffer.take(len(buffer))
    assert rest == whole.read()
    assert "\n" not in rest


def test_what_is_dropped_is_gone() -> None:
    buffer = LineBuffer(b"", b"\n")
    buffer.feed(b"ab")
    assert buffer.line() == b""
    buffer.clear()
    buffer.feed(b"c\nd")
    assert (buffer.line(), len(buffer), buffer.take(9)) == (b"c\n", 1, b"d")
