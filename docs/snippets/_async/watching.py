"""What changes in a session, told as it happens."""

from agb import AsyncAGB


async def main() -> None:
    """Start a job, and take its results as they appear."""
    async with AsyncAGB.local() as agb, agb.session() as session:
        await session.file.mkdir("/tmp/results")
        async with session.file.watch("/tmp/results", interval=0.1) as changes:
            await session.command.execute("cd /tmp/results; touch first second done")
            async for change in changes:
                print(change.event_type, change.path)
                if change.path.endswith("second"):
                    break
