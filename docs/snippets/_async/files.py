"""Files of any size, and any bytes."""

from agb import AsyncAGB


async def main() -> None:
    """Write a file, let a command change it, read it."""
    async with AsyncAGB.local() as agb, agb.session() as session:
        await session.file.write("/tmp/cities.txt", "Zürich\nAswan\n")
        await session.command.execute("sort -o /tmp/cities.txt /tmp/cities.txt")
        cities = await session.file.read("/tmp/cities.txt")
        print(cities.content)

        await session.file.write("/tmp/pixel.png", b"\x89PNG\r\n\x1a\n")
        pixel = await session.file.read("/tmp/pixel.png", format="bytes")
        print(pixel.size, "bytes")
