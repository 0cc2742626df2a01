"""A session that is kept alive while it is needed, and gone afterwards, whatever happens."""

from agb import AsyncAGB, deadline


async def main() -> None:
    """Hold a lease, work to a deadline, and look for what others have left."""
    async with AsyncAGB.local(max_sessions=5) as agb:
        async with agb.session(lease=60) as session:
            with deadline(30):
                await session.file.write("numbers.txt", "1 2 3")
                answer = await session.code.run(
                    "print(sum(map(int, open('numbers.txt').read().split())))", "python"
                )
            print(answer.result.strip())
        found = await agb.reap(dry_run=True)
        print(len(found.sessions), "sessions were abandoned")
