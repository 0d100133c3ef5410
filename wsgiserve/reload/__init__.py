"""Reloading: a supervisor that watches files, and workers that run the application, one after the other.

The supervisor keeps the listening sockets and the terminal, and never imports the user's code; a worker is the server
with the application, in an interpreter of its own. ``supervisor.py`` tells how one follows the other.
"""
