"""A row of the table: two things that were measured in turn, and how they compare."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sampling import Sample, Samples

Value = Callable[[Sample], float]


@dataclass(frozen=True, kw_only=True)
class Row:
    """One comparison.

    Attributes:
        group: What it belongs to.
        what: What was compared.
        unit: What the figure is: `x`, a ratio, or a unit of its own.
        figures: It, from each round.
        must: The bar, or None.
        aspire: The goal, or None.
        at_least: Whether more is better.
        ours: Medians of what is ours: wall and CPU milliseconds per operation.
        theirs: Likewise what is beside it; empty when nothing is.
    """

    group: str
    what: str
    figures: Sequence[float]
    unit: str = "x"
    must: float | None = None
    aspire: float | None = None
    at_least: bool = False
    ours: dict[str, float] = field(default_factory=dict)
    theirs: dict[str, float] = field(default_factory=dict)

    @property
    def figure(self) -> float:
        """The median of all rounds."""
        return statistics.median(self.figures)

    def reaches(self, limit: float | None) -> bool | None:
        """Tell whether it is as good as some limit; None where there is none."""
        if limit is None:
            return None
        return self.figure >= limit if self.at_least else self.figure <= limit

    def as_json(self) -> dict[str, Any]:
        """Return all there is to it."""
        return {
            **asdict(self),
            "figure": self.figure,
            "least": min(self.figures),
            "most": max(self.figures),
            "meets_must": self.reaches(self.must),
            "meets_aspire": self.reaches(self.aspire),
        }


def cpu(sample: Sample) -> float:
    """Return seconds of the processor per operation."""
    return float(sample["cpu"]) / sample.get("operations", 1)


def wall(sample: Sample) -> float:
    """Return seconds per operation."""
    return float(sample["wall"]) / sample.get("operations", 1)


def rate(sample: Sample) -> float:
    """Return operations per second."""
    return 1 / wall(sample)


def named(name: str) -> Value:
    """Return what reads a figure off a sample."""
    return lambda sample: float(sample[name])


def compared(
    group: str,
    what: str,
    samples: Samples,
    ours: str,
    theirs: str,
    value: Value,
    *,
    must: float | None = None,
    aspire: float | None = None,
    at_least: bool = False,
) -> Row:
    """Make a row of the ratio, round by round, of two contestants."""
    pairs = zip(samples[ours], samples[theirs], strict=True)
    return Row(
        group=group,
        what=what,
        figures=[value(one) / value(other) for one, other in pairs],
        must=must,
        aspire=aspire,
        at_least=at_least,
        ours=medians(samples[ours]),
        theirs=medians(samples[theirs]),
    )


def alone(
    group: str,
    what: str,
    samples: Samples,
    ours: str,
    value: Value,
    unit: str,
    *,
    must: float | None = None,
    aspire: float | None = None,
) -> Row:
    """Make a row of a figure that stands for itself."""
    return Row(
        group=group,
        what=what,
        unit=unit,
        figures=[value(sample) for sample in samples[ours]],
        must=must,
        aspire=aspire,
        ours=medians(samples[ours]),
    )


def medians(samples: Sequence[Sample]) -> dict[str, float]:
    """Return wall and CPU milliseconds per operation, as far as they were measured."""
    return {
        f"{name}_ms": statistics.median(value(sample) for sample in samples) * 1000
        for name, value in (("wall", wall), ("cpu", cpu))
        if all(name in sample for sample in samples)
    }
