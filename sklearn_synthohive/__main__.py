"""``python -m sklearn_synthohive``: the command line."""

import sys

from sklearn_synthohive.cli import main

if __name__ == "__main__":
    sys.exit(main())
