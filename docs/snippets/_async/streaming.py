"""What code does is told while it runs; leaving the block early stops it."""

from agb import AsyncAGB, ErrorEvent, ResultEvent, StdoutEvent

COUNT = """
for number in range(3):
    print(number, flush=True)
number * 21
"""


async def main() -> None:
    """Follow code to its end, then leave code that has none."""
    async with AsyncAGB.local() as agb, agb.session() as session:
        async with session.code.stream(COUNT, "python") as run:
            async for event in run:
                match event:
                    case StdoutEvent(text=text):
                        print(text, end="")
                    case ResultEvent(result=shown):
                        print("shown:", shown.text)
                    case ErrorEvent(error=error):
                        print("failed:", error)
                    case _:
                        pass
        print("result:", run.result.raise_for_error().result)

        endless = "while True: print('again', flush=True)"
        async with session.code.stream(endless, "python") as run:
            async for _ in run:
                break
        print("left:", run.result.code)

        told = await session.code.run(
            "print('called back')",
            "python",
            stream_beta=True,
            on_stdout=lambda text: print(text, end=""),
        )
        print(told.success)
