"""`python -m agb.local`."""

import sys

from agb.local.command import main

if __name__ == "__main__":
    sys.exit(main())
