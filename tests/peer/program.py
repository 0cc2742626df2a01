"""What a user of `agbcloud-sdk` does, checked against the AGB that the environment names.

It needs Python, `agbcloud-sdk`, and `AGB_API_KEY` and `AGB_ENDPOINT` in the environment; words on
the command line choose the checks whose names hold them. It exits with 1 when a check failed.
"""

import sys

from checking import run_all
from checks import (  # noqa: F401 - they add themselves
    code,
    commands,
    contexts,
    extensions,
    files,
    mounts,
    routes,
    sessions,
    streaming,
    transfers,
)

from agb import AGB

if __name__ == "__main__":
    sys.exit(0 if run_all(AGB(), " ".join(sys.argv[1:])) else 1)
