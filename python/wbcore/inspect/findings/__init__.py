"""What is probably wrong with a network, its data or its training, as data.

`wbcore.inspect.check` looks before a training, `wbcore.inspect.diagnose` after it; both give
`Findings`. Every group of checks is a file: its codes, rows of the table in `codes.py`, beside the
functions that find them.
"""
