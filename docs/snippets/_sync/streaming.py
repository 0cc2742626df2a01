# Generated from docs/snippets/_async/streaming.py; edit that file, then `nox -s twin`.
"""What code does is told while it runs; leaving the block early stops it."""

from agb import AGB, ErrorEvent, ResultEvent, StdoutEvent

COUNT = """
for number in range(3):
    print(number, flush=True)
number * 21
"""


def main() -> None:
    """Follow code to its end, then leave code that has none."""
    with AGB.local() as agb, agb.session() as session:
        with session.code.stream(COUNT, "python") as run:
            for event in run:
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
        with session.code.stream(endless, "python") as run:
            for _ in run:
                break
        print("left:", run.result.code)

        told = session.code.run(
            "print('called back')",
            "python",
            stream_beta=True,
            on_stdout=lambda text: print(text, end=""),
        )
        print(told.success)
