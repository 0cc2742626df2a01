"""A process in the background outlives the call that starts it, and the client too."""

from agb import AsyncAGB


async def main() -> None:
    """Follow a process, find it again by its id, and feed another."""
    async with AsyncAGB.local() as agb, agb.session() as session:
        build = await session.command.start("echo compiling; sleep 0.5; echo linking; exit 3")
        async for piece in build.stream():
            print(piece.stream, piece.text, end="")

        again = await session.command.attach(build.id)
        print("exit code", (await again.wait()).exit_code)

        async with await session.command.start("sort", stdin=True) as sort:
            await sort.write_stdin("pear\napple\n")
            await sort.close_stdin()
            print((await sort.wait(timeout=30)).stdout, end="")
