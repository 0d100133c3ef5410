"""WebSockets of Flask-Sock and Flask-SocketIO, which take the socket over through ``werkzeug.socket``."""
