"""Which languages there are, and how the runner of each is started."""

import shutil
from pathlib import Path
from typing import NamedTuple

from .errors import OperationError

_RUNNERS = Path(__file__).with_name("runners")


class Language(NamedTuple):
    """A language that code can be run in."""

    name: str
    needs: str
    """What to tell people when it is not installed."""
    programs: tuple[str, ...]
    """What must be on the path; the first is what runs."""
    arguments: tuple[str, ...]
    """What follows the program: the runner, and what it wants."""
    by_signal: bool
    """Whether SIGINT interrupts it; otherwise its runner is told."""

    def command(self) -> list[str]:
        """Give the command line of the runner.

        Raises:
            OperationError: ``Language.NotInstalled``.
        """
        found = [shutil.which(program) for program in self.programs]
        if not all(found):
            raise self.not_installed()
        return [str(found[0]), *self.arguments]

    def not_installed(self) -> OperationError:
        """Say what to install."""
        return OperationError("Language.NotInstalled", self.needs)


def languages(python: str, memory: int = 0) -> dict[str, Language]:
    """List the languages by name.

    Args:
        python: The interpreter that has IPython.
        memory: Bytes that the session may use, if there is a limit; Java would take its heap to
            be a part of the whole machine's.
    """
    heap = (f"-Xmx{memory // 2}",) if memory else ()
    known = (
        Language(
            "python",
            "Python needs IPython: install it, e.g. pip install ipython",
            (python,),
            (str(_RUNNERS / "python_runner.py"),),
            by_signal=True,
        ),
        Language(
            "javascript",
            "JavaScript needs Node.js 18 or later: install it, e.g. apt-get install nodejs",
            ("node",),
            (str(_RUNNERS / "javascript_runner.cjs"),),
            by_signal=False,
        ),
        Language(
            "java",
            "Java needs a JDK with jshell: install it, "
            "e.g. apt-get install openjdk-17-jdk-headless",
            ("java", "jshell"),
            (*_JAVA_OPTIONS, *heap, str(_RUNNERS / "JavaRunner.java")),
            by_signal=False,
        ),
        Language(
            "r",
            "R needs Rscript: install it, e.g. apt-get install r-base-core",
            ("Rscript",),
            ("--vanilla", str(_RUNNERS / "r_runner.R")),
            by_signal=True,
        ),
    )
    return {language.name: language for language in known}


# Short runs in a small heap: what starts fast beats what gets fast.
_JAVA_OPTIONS = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto")
