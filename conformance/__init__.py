"""Vectors of the arithmetic contract: how they are written, and what is held to them.

``python -m conformance.write`` in the folder above writes ``conformance/vectors`` anew.
"""
