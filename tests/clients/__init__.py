"""Clients that people use, each with what it does in its own way."""
