"""Tells a person what happens, and remembers what was not as it should be."""

import csv
import json
from pathlib import Path
from statistics import mean
from typing import Any

DATA = Path(__file__).parent / "data" / "nile.csv"


class Teller:
    """Tells the steps of one tour.

    Args:
        name: Name of the tour.
        quiet: Whether to tell only what goes wrong.
    """

    data = DATA

    def __init__(self, name: str, *, quiet: bool = False) -> None:
        self.name = name
        self.failures: list[str] = []
        self._quiet = quiet
        self.expected = expected()

    def step(self, what: str, said: str) -> None:
        """Tell a step."""
        if not self._quiet:
            print(f"  ✓ {what:<34} {said.strip()}", flush=True)

    def check(self, good: bool, what: str, said: str) -> None:
        """Tell a step if it went well; else remember and tell that it did not."""
        if good:
            self.step(what, said)
        else:
            self.failures.append(what)
            print(f"  ✗ {what:<34} {said.strip()}   <- not as it should be", flush=True)

    def same(self, found: str) -> bool:
        """Tell whether the session found what this process finds, too."""
        result: dict[str, Any] = json.loads(found or "{}")
        return result == self.expected


def expected() -> dict[str, Any]:
    """Compute the same on this machine, another way: best split by the sum of squares between."""
    with DATA.open(encoding="utf-8") as file:
        rows = [(int(row["year"]), float(row["flow"])) for row in csv.DictReader(file)]
    values = [flow for _, flow in rows]
    total = mean(values)

    def between(split: int) -> float:
        head, rest = values[:split], values[split:]
        return len(head) * (mean(head) - total) ** 2 + len(rest) * (mean(rest) - total) ** 2

    split = max(range(5, len(values) - 5), key=between)
    return {
        "year": rows[split][0],
        "before": round(mean(values[:split]), 2),
        "after": round(mean(values[split:]), 2),
    }
