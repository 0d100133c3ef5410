"""Before HTTP: programs that send bytes and get the same bytes back.

Each server speaks with each client of its transport, and with netcat. The idea of a later WSGI server is all here:
bind, listen, accept, receive, send, close.
"""
