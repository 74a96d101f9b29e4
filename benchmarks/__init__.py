"""Benchmarks: what the simulations cost, side by side with other simulators and against the machine's limits.

``python -m benchmarks PART...`` measures parts anew, keeps the numbers in ``results.json`` and writes ``RESULTS.md``
from all of them. A part is a module with two functions: ``measure(options)`` returns what JSON can hold, and
``report(measured)`` returns it as Markdown. Nothing here asserts a time.
"""
