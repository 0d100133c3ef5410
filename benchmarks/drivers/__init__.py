"""Loads, one module for each kind: ``measure(trial)`` starts the server, drives it, and gives the figures of the run.

The figures are numbers by the names of ``benchmarks.cases.METRICS``; ``errors`` are connections that failed.
"""
