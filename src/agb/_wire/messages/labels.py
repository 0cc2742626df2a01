"""Labels of a session."""

from collections.abc import Mapping

from attrs import Factory, field

from agb._wire.codec import wire
from agb._wire.values import frozen


@frozen(kw_only=True)
class SetLabelsRequest:
    """Replaces the labels of a session."""

    session_id: str
    labels: Mapping[str, str] = field(metadata=wire("Labels", text=True))


@frozen(kw_only=True)
class LabelsData:
    """The labels of a session."""

    labels: Mapping[str, str] = field(default=Factory(dict[str, str]), metadata=wire(text=True))
