"""What travels in pieces comes out as it went in, in whatever order it comes."""

import base64
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agb._chunks import BLOCK
from agb._joining import Base64, Bytes, Growing, InOrder, Text

ORDERS = st.integers(0, 12).flatmap(lambda count: st.permutations(range(count)))


@given(order=ORDERS, pieces=st.lists(st.text(max_size=3), min_size=12, max_size=12))
def test_pieces_are_put_in_order(order: list[int], pieces: list[str]) -> None:
    text, data = Text(), Bytes()
    texts, datas = InOrder[str](text), InOrder[bytes](data)
    for number in order:
        texts.put(number, pieces[number])
        datas.put(number, pieces[number].encode())
    assert text.whole() == "".join(pieces[: len(order)])
    assert data.whole() == text.whole().encode()


@pytest.mark.parametrize("kinds", ["x", "é", "€", "🙂", "xé€🙂"])
def test_a_text_of_many_blocks_is_the_same_as_its_pieces(kinds: str) -> None:
    chosen = random.Random(5)  # noqa: S311 - nothing secret
    pieces = [chosen.choice(kinds) * (BLOCK // 3) for _ in range(40)]
    text = Text()
    for piece in pieces:
        text.add(piece)
    before = text.whole()
    text.add("!")
    assert before == "".join(pieces)
    assert text.whole() == before + "!"


def test_what_was_taken_does_not_change_when_more_is_added() -> None:
    growings: tuple[tuple[Growing[str], str], tuple[Growing[bytes], bytes]] = (
        (Text(), "a"),
        (Bytes(), b"a"),
    )
    for growing, piece in growings:
        growing.add(piece)  # type: ignore[arg-type]
        taken = growing.whole()
        growing.add(piece)  # type: ignore[arg-type]
        assert taken == piece
        assert growing.whole() == piece * 2


@given(content=st.binary(max_size=60), step=st.integers(1, 4).map(lambda count: count * 4))
def test_bytes_are_written_as_base64_piece_by_piece(content: bytes, step: int) -> None:
    encoded = Base64(content)
    found = [encoded[start : start + step] for start in range(0, len(encoded), step)]
    assert "".join(found) == base64.b64encode(content).decode()
    assert [len(piece) for piece in found[:-1]] == [step] * (len(found) - 1)
