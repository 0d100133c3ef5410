"""PEP 3333 without sockets: a request becomes an environ, the application runs, its answer becomes a response.

Floor 2. Bytes become native strings in ``environ.py`` and native strings bytes in ``headers.py``, and nowhere else.
Source: PEP 3333; RFC 3875 (CGI/1.1) for the environ keys that PEP 3333 takes from it.
"""

from wsgiserve.wsgi.environ import EnvironBuilder
from wsgiserve.wsgi.filewrapper import FileWrapper
from wsgiserve.wsgi.gateway import Gateway, Transport
from wsgiserve.wsgi.input import Input, WholeInput

__all__ = ["EnvironBuilder", "FileWrapper", "Gateway", "Input", "Transport", "WholeInput"]
