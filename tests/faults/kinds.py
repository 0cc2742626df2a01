"""What goes wrong between a client and an AGB, fault by fault."""

import asyncio
import json
from functools import partial

from attrs import frozen

from faults.proxy import Act, Exchange, passed_on

_PAGE = b"<!doctype html><title>Hello</title><h1>Welcome to the gateway</h1>"
LASTING = 1_000


@frozen(kw_only=True)
class Fault:
    """One way to go wrong.

    Attributes:
        name: Names it in the table.
        says: What happens, for readers.
        act: Does it; None where nobody listens.
        times: How many requests it strikes.
        reaches: Whether the AGB carries the request out: `no`, `yes`, and `twice`.
        status: What a gateway answers in place of the AGB; 0 where no whole answer comes.
        held: Whether the client is left waiting until its own time limit strikes.
    """

    name: str
    says: str
    act: Act | None
    times: int = 1
    reaches: str = "no"
    status: int = 0
    held: bool = False


async def _dropped(exchange: Exchange) -> None:
    exchange.hang_up()


async def _reset(exchange: Exchange) -> None:
    exchange.reset()


async def _held(exchange: Exchange) -> None:
    await exchange.held()


async def _request_cut(exchange: Exchange) -> None:
    await exchange.ask_in_part(len(exchange.request.whole) // 2)
    exchange.hang_up()


async def _slow(exchange: Exchange) -> None:
    answer = await exchange.ask()
    size = len(answer.whole) // 3 + 1
    for start in range(0, len(answer.whole), size):
        await asyncio.sleep(0.05)
        await exchange.say(answer.whole[start : start + size])
    if answer.upgrades:
        await exchange.relay()


async def _answer_held(exchange: Exchange) -> None:
    await exchange.ask()
    await exchange.held()


async def _answer_dropped(exchange: Exchange) -> None:
    await exchange.ask()
    exchange.hang_up()


async def _answer_reset(exchange: Exchange) -> None:
    await exchange.ask()
    exchange.reset()


async def _answer_begun(exchange: Exchange) -> None:
    await exchange.say((await exchange.ask()).whole[:1])
    exchange.hang_up()


async def _answer_cut(exchange: Exchange) -> None:
    """Cut it in the middle of its body; of a WebSocket, in the middle of what it says first."""
    answer = await exchange.ask()
    await exchange.say(answer.head + answer.body[: len(answer.body) // 2])
    if answer.upgrades:
        await exchange.relay(most=20)
    exchange.hang_up()


async def _answer_without_its_end(exchange: Exchange) -> None:
    answer = await exchange.ask()
    if answer.upgrades:
        await exchange.say(answer.head)
        await exchange.relay(most=150)
    await exchange.say(answer.whole[:-1])
    exchange.hang_up()


async def _asked_twice(exchange: Exchange) -> None:
    await exchange.ask()
    await passed_on(exchange)


async def _answered_twice(exchange: Exchange) -> None:
    await exchange.say((await exchange.ask()).whole * 2)


async def _half_json(exchange: Exchange) -> None:
    body = (await exchange.ask()).body or b'{"success": true}'
    await exchange.say(_answer(200, body[: len(body) // 2], "application/json"))


def _answer(status: int, body: bytes, kind: str = "text/html", more: str = "") -> bytes:
    head = (
        f"HTTP/1.1 {status} -\r\ncontent-type: {kind}\r\n{more}content-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _says(status: int, exchange: Exchange) -> None:
    await exchange.say(_answer(status, _PAGE))


async def _throttles(exchange: Exchange) -> None:
    said = {"requestId": "r", "success": False, "code": "Throttling", "message": "slow down"}
    body = json.dumps(said).encode()
    await exchange.say(_answer(429, body, "application/json", "retry-after: 0\r\n"))


async def _gives_up_on_the_answer(exchange: Exchange) -> None:
    await exchange.ask()
    await _says(504, exchange)


def _gateway(status: int, times: int = 1) -> Fault:
    lasting = " each time" if times > 1 else ""
    return Fault(
        name=f"{status}{lasting}",
        says=f"a gateway answers {status}{lasting}, in place of the AGB",
        act=_throttles if status == 429 else partial(_says, status),
        times=times,
        status=status,
    )


FAULTS = {
    fault.name: fault
    for fault in (
        Fault(name="refused", says="nobody listens", act=None, times=LASTING),
        Fault(name="dropped", says="the connection is closed on the request", act=_dropped),
        Fault(name="dropped each time", says="likewise, always", act=_dropped, times=LASTING),
        Fault(name="reset", says="the connection is reset on the request", act=_reset),
        Fault(
            name="held", says="the request is taken and lies there for ever", act=_held, held=True
        ),
        Fault(name="request cut", says="half of the request reaches the AGB", act=_request_cut),
        Fault(name="slow", says="the answer comes late and in pieces", act=_slow, reaches="yes"),
        Fault(
            name="answer held",
            says="the answer never comes",
            act=_answer_held,
            reaches="yes",
            held=True,
        ),
        Fault(
            name="answer dropped",
            says="the connection is closed in place of the answer",
            act=_answer_dropped,
            reaches="yes",
        ),
        Fault(
            name="answer reset",
            says="the connection is reset in place of the answer",
            act=_answer_reset,
            reaches="yes",
        ),
        Fault(
            name="answer begun",
            says="one byte of the answer comes",
            act=_answer_begun,
            reaches="yes",
        ),
        Fault(
            name="answer cut",
            says="half of the answer's body comes",
            act=_answer_cut,
            reaches="yes",
        ),
        Fault(
            name="answer endless",
            says="all of the answer comes but its last byte",
            act=_answer_without_its_end,
            reaches="yes",
        ),
        Fault(
            name="asked twice",
            says="the request reaches the AGB twice",
            act=_asked_twice,
            reaches="twice",
        ),
        Fault(
            name="answered twice",
            says="the answer comes twice",
            act=_answered_twice,
            reaches="yes",
        ),
        *(_gateway(status) for status in (408, 429, 500, 502, 503, 504)),
        *(_gateway(status, LASTING) for status in (429, 503)),
        Fault(
            name="504 for an answer",
            says="a gateway answers 504 after the AGB has carried the request out",
            act=_gives_up_on_the_answer,
            reaches="yes",
            status=504,
        ),
        Fault(
            name="HTML",
            says="somebody else answers 200 with a page",
            act=partial(_says, 200),
            status=200,
        ),
        Fault(
            name="half JSON",
            says="200 with half of what the AGB said",
            act=_half_json,
            reaches="yes",
            status=200,
        ),
    )
}
"""All of them by name, in the order of the table."""
