"""HTTPS on this machine with certificates that its browsers trust: ``--tls`` and ``wsgiserve tls``.

A local authority signs them: ours, which can vouch for this machine alone, or mkcert's where that is set up.
Imported only for the two; below the command, beside the server.
"""
