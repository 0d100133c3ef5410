"""What the standards ask of a WSGI server, and the bytes that show whether it does."""
