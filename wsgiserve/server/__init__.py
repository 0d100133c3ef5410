"""Sockets and concurrency: who accepts, who waits, and which thread or process runs the application.

Floor 3. The road of a request is drawn in ``handler.py``; ``loop.py`` polls, ``mixins.py`` decides who works,
``servers.py`` composes the classes.

Imports nothing: the command line reads the numbers in ``deadlines.py`` for its options, and must not wait for sockets
and TLS to print them.
"""
