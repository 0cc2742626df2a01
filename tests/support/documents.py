"""Documents that programs were written after, and the examples in them."""

import ast
import re
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "seeds" / "documents"
FENCED = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)

EXAMPLES: dict[str, str] = {
    f"{path.name[0].upper()}{number}": code
    for path in sorted(FOLDER.glob("*.md"))
    for number, code in enumerate(FENCED.findall(path.read_text("utf-8")), 1)
}
"""Each example by its name: the letter of its document, then its number there."""


def is_python(code: str) -> bool:
    """Tell whether an example can run: some only show how something is declared."""
    try:
        ast.parse(code)
    except SyntaxError:
        return False
    return True
