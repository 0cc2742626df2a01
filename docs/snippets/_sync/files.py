# Generated from docs/snippets/_async/files.py; edit that file, then `nox -s twin`.
"""Files of any size, and any bytes."""

from agb import AGB


def main() -> None:
    """Write a file, let a command change it, read it."""
    with AGB.local() as agb, agb.session() as session:
        session.file.write("/tmp/cities.txt", "Zürich\nAswan\n")
        session.command.execute("sort -o /tmp/cities.txt /tmp/cities.txt")
        cities = session.file.read("/tmp/cities.txt")
        print(cities.content)

        session.file.write("/tmp/pixel.png", b"\x89PNG\r\n\x1a\n")
        pixel = session.file.read("/tmp/pixel.png", format="bytes")
        print(pixel.size, "bytes")
