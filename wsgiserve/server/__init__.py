"""Sockets and concurrency: who accepts, who waits, and which thread or process runs the application.

Floor 3. The road of a request is drawn in ``handler.py``; ``loop.py`` polls, ``mixins.py`` decides who works,
``servers.py`` composes the classes.

Imports nothing: whoever needs the numbers in ``deadlines.py`` only, such as the command line while it reads options, must
not wait for sockets and TLS.
"""
