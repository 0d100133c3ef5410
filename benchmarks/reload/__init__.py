"""From saving a file to the first new response, beside other servers that reload. ``python -m benchmarks.reload``."""
