"""``python -m wbcore.cli`` is ``wbcore``."""

from wbcore.cli import main

if __name__ == "__main__":
    main()
