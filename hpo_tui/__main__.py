"""``python -m hpo_tui``: the command line."""

import sys

from hpo_tui.tui.cli import main

if __name__ == "__main__":
    sys.exit(main())
