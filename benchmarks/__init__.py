"""Measurements of wsgiserve beside its neighbours. ``python -m benchmarks`` runs them."""
