# Generated from docs/snippets/_async/file_objects.py; edit that file, then `nox -s twin`.
"""Files bit by bit, whatever their size."""

from agb import AGB


def main() -> None:
    """Write a long file and read it line by line, in little memory."""
    with AGB.local() as agb, agb.session() as session:
        with session.file.open("/tmp/squares.csv", "w") as table:
            for number in range(20_000):
                table.write(f"{number},{number**2}\n")

        with session.file.open("/tmp/squares.csv") as table:
            for line in table:
                if line.startswith("12345,"):
                    print(line, end="")

        with session.file.open("/tmp/squares.csv", "rb") as table:
            table.seek(-6, 2)
            print(table.read())
