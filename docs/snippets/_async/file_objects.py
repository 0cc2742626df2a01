"""Files bit by bit, whatever their size."""

from agb import AsyncAGB


async def main() -> None:
    """Write a long file and read it line by line, in little memory."""
    async with AsyncAGB.local() as agb, agb.session() as session:
        async with session.file.open("/tmp/squares.csv", "w") as table:
            for number in range(20_000):
                await table.write(f"{number},{number**2}\n")

        async with session.file.open("/tmp/squares.csv") as table:
            async for line in table:
                if line.startswith("12345,"):
                    print(line, end="")

        async with session.file.open("/tmp/squares.csv", "rb") as table:
            await table.seek(-6, 2)
            print(await table.read())
