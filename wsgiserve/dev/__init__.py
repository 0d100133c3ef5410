"""The developer's tools in the browser: an error explained as a page, and who may see it.

Never imported in production. Stands above the server, which calls what it is given (``BaseWSGIServer.explain``).
"""
