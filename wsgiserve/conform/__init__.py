"""What the standards ask of a WSGI server, as cases that run against any of them: ``wsgiserve conform``.

``wsgiserve.conform:probe`` is the application that the server under test has to serve. ``cases/`` holds the cases,
``wire/`` the bytes of those that are about reading requests.
"""

from wsgiserve.conform.probe_application import probe

__all__ = ["probe"]
