"""The table of `docs/retries.md`, made from the one that the client goes by.

`python tests/support/retries.py` writes it there.
"""

from pathlib import Path

from agb._retry import TABLE
from agb._wire.endpoints import ENDPOINTS, Safety

PAGE = Path(__file__).parents[2] / "docs" / "retries.md"


def _table() -> str:
    lines = ["| " + " | ".join(("how it failed", *(each.value for each in Safety))) + " |"]
    lines.append("|---" * (len(Safety) + 1) + "|")
    lines += [
        "| "
        + " | ".join((failure.value, *("yes" if entry[s] else "**no**" for s in Safety)))
        + " |"
        for failure, entry in TABLE.items()
    ]
    return "\n".join(lines) + "\n"


def _endpoints() -> str:
    return "".join(
        f"- {safety.value}: "
        + ", ".join(f"`{each.path}`" for each in ENDPOINTS if each.safety is safety)
        + "\n"
        for safety in Safety
    )


def with_table(text: str) -> str:
    """Return the page with the table and the list of endpoints as they are now."""
    for name, made in (("table", _table()), ("endpoints", _endpoints())):
        begin, end = f"<!-- {name} -->\n\n", f"\n<!-- end of {name} -->"
        before, _, rest = text.partition(begin)
        text = f"{before}{begin}{made}{end}{rest.partition(end)[2]}"
    return text


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text("utf-8")), "utf-8")
