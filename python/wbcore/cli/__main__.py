"""``python -m wbcore.cli`` is ``wbcore``."""

from wbcore.cli import main

main()
