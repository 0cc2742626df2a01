"""What there is to tell of the synchronisation of a mount."""

from typing import Literal

from attrs import define

from agb._wire.messages.contexts import ContextStatusLine

TaskType = Literal["download", "upload"]

PREPARING, RUNNING, SUCCESS, FAILED = "Preparing", "Running", "Success", "Failed"


@define(kw_only=True, eq=False)
class Line:
    """What there is to tell of the last task for one mount in one direction."""

    context_id: str
    path: str
    task: TaskType
    status: str = PREPARING
    started: int = 0
    finished: int = 0
    problem: str = ""
    latest: int = 0
    """Which task it is; one that is not the latest has nothing to tell any more."""

    def written(self) -> ContextStatusLine:
        """Write it as it travels."""
        return ContextStatusLine(
            context_id=self.context_id,
            path=self.path,
            status=self.status,
            task_type=self.task,
            start_time=self.started,
            finish_time=self.finished,
            error_message=self.problem,
        )
