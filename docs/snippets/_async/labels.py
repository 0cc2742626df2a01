"""Sessions are found by their labels."""

from agb import AsyncAGB, CreateSessionParams


async def main() -> None:
    """Create two sessions, find one, delete both."""
    async with AsyncAGB.local() as agb:
        await agb.create(CreateSessionParams(labels={"team": "data", "stage": "dev"}))
        await agb.create(CreateSessionParams(labels={"team": "data", "stage": "prod"}))

        found = await agb.list(labels={"stage": "prod"})
        print(found.total_count, "in production")

        async for session in agb.iter_sessions(labels={"team": "data"}):
            await session.update_labels({"stage": "done"})
            await session.delete()
        print((await agb.list(labels={"team": "data"})).total_count, "left")
