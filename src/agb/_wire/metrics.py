"""The text in which a tool tells what a session uses."""

from attrs import field

from agb._wire.codec import wire
from agb._wire.values import frozen


@frozen(kw_only=True)
class Metrics:
    """The JSON text that `get_metrics` answers with. Amounts are bytes, rates kilobytes."""

    cpu_count: int = field(default=0, metadata=wire("cpu_count"))
    cpu_used_pct: float = field(default=0.0, metadata=wire("cpu_used_pct"))
    disk_total: int = field(default=0, metadata=wire("disk_total"))
    disk_used: int = field(default=0, metadata=wire("disk_used"))
    mem_total: int = field(default=0, metadata=wire("mem_total"))
    mem_used: int = field(default=0, metadata=wire("mem_used"))
    rx_rate_kbyte_per_s: float = field(default=0.0, metadata=wire("rx_rate_kbyte_per_s"))
    tx_rate_kbyte_per_s: float = field(default=0.0, metadata=wire("tx_rate_kbyte_per_s"))
    rx_used_kbyte: float = field(default=0.0, metadata=wire("rx_used_kbyte"))
    tx_used_kbyte: float = field(default=0.0, metadata=wire("tx_used_kbyte"))
    timestamp: str = field(default="", metadata=wire("timestamp"))
