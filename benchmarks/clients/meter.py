"""What this process uses: time, processor and memory, from one moment on."""

import time
from contextlib import suppress
from pathlib import Path
from typing import Any

_STATUS = Path("/proc/self/status")
_RESET_PEAK = "5"


class Meter:
    """Reads the clocks when it is made and again when it is read."""

    def __init__(self) -> None:
        with suppress(OSError):  # where there is no such file, the peak counts from the start
            Path("/proc/self/clear_refs").write_text(_RESET_PEAK)
        self._memory = _of_status("VmRSS")
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def read(self, operations: int = 1, **more: Any) -> dict[str, Any]:
        """Tell what was used since: seconds, and megabytes."""
        wall, cpu = time.perf_counter() - self._wall, time.process_time() - self._cpu
        peak = _of_status("VmHWM")
        return {
            "wall": wall,
            "cpu": cpu,
            "operations": operations,
            "peak": peak,
            "growth": max(0.0, peak - self._memory),
            **more,
        }


def _of_status(name: str) -> float:
    if not _STATUS.exists():
        return 0.0
    lines = _STATUS.read_text().splitlines()
    return next(float(line.split()[1]) / 1024 for line in lines if line.startswith(name))
