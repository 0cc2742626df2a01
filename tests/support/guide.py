"""The guide's examples: snippets, put between their markers."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "guide.md"
SNIPPETS = ROOT / "docs" / "snippets"
_PLACE = re.compile(r"<!-- snippet: (\w+) -->\n(?:\n```python\n.*?```\n){0,2}", re.DOTALL)


def with_snippets(text: str) -> str:
    """Return the guide with each marker followed by its snippet, for tasks and blocking."""
    return _PLACE.sub(lambda place: f"<!-- snippet: {place[1]} -->\n{_both(place[1])}", text)


def _both(name: str) -> str:
    sources = [(SNIPPETS / twin / f"{name}.py").read_text() for twin in ("_async", "_sync")]
    sources[1] = sources[1].split("\n", 1)[1]  # the generator's header
    return "".join(f"\n```python\n{_shown(source)}```\n" for source in sources)


def _shown(source: str) -> str:
    return source.split('"""\n\n', 1)[1]
