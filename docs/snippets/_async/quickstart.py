"""A session that is deleted at the end of its block."""

from agb import AsyncAGB


async def main() -> None:
    """Run code that keeps its state, and a command."""
    async with AsyncAGB.local() as agb, agb.session(labels={"team": "data"}) as session:
        await session.code.run("x = 6", "python")
        answer = await session.code.run("x * 7", "python")
        print(answer.result)

        listing = await session.command.execute("echo hello from $(pwd)")
        print(listing.output)
