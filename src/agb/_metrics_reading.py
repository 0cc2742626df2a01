"""Pure: from what a tool told of a session's use to the result that users see."""

from agb import results
from agb._reading import json_object, unexpected
from agb._wire.answers import ToolAnswer
from agb._wire.codec import Misread, dump, load
from agb._wire.metrics import Metrics


def metrics_result(answer: ToolAnswer) -> results.SessionMetricsResult:
    """Read what `get_metrics` answered; older AGBs name rates and traffic otherwise."""
    raw = json_object(answer)
    named = {
        **{_METRICS_RENAMED[key]: value for key, value in raw.items() if key in _METRICS_RENAMED},
        **raw,
    }
    try:
        metrics = load(named, Metrics)
    except Misread as misread:
        raise unexpected(answer, str(misread)) from None
    return results.SessionMetricsResult(
        request_id=answer.request_id,
        metrics=results.SessionMetrics(**dump(metrics)),
        raw=raw,
    )


_METRICS_RENAMED = {
    old: f"{way}_{kind}"
    for way in ("rx", "tx")
    for kind, olds in (
        ("rate_kbyte_per_s", ("rate_KBps", "rate_kbps")),
        ("used_kbyte", ("used_KB", "used_kb")),
    )
    for old in (f"{way}_{name}" for name in olds)
}
