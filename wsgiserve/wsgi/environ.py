"""The environ: what PEP 3333 and CGI tell an application of a request.

Floor 2, no sockets. What never changes is put together once for a server, what belongs to a connection once for it,
and what follows from a request-line or a field section is kept with them, so that a repeated one costs a copy.
Source: PEP 3333 "environ Variables"; RFC 3875 §4.1 for the CGI keys; werkzeug for REQUEST_URI, RAW_URI and the
dropping of names with an underscore.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote_to_bytes

from wsgiserve.errors import RemoteProtocolError
from wsgiserve.http11 import Request
from wsgiserve.http11.events import RequestLine, Template, TemplateRequest
from wsgiserve.wsgi.filewrapper import FileWrapper

__all__ = ["PROTOCOLS", "Environ", "EnvironBuilder"]

Environ = dict[str, Any]

PROTOCOLS = {(1, 0): "HTTP/1.0", (1, 1): "HTTP/1.1"}
"""SERVER_PROTOCOL by the version of a request-line."""

# Keys of names that were met before. Bounded, because anybody may send any name.
_keys: dict[bytes, str | None] = {}
_MEMO_ENTRIES = 512
_MEMO_BYTES = 64

# A number is looked for without an exception on the way, which takes 2,000 instructions: CPython tries that first.
_PERCENT = ord("%")


class EnvironBuilder:
    """Builds environs for one server.

    Args:
        software: SERVER_SOFTWARE, ``name/version``.
        url_scheme: ``http`` or ``https``, by what the clients speak with this server.
        multithread: the application may be called by another thread of this process meanwhile.
        multiprocess: the application may be called in another process meanwhile.
        script_name: where the application is mounted, ``""`` or ``"/prefix"``; bytes as latin-1, as all CGI keys.
    Raises:
        ValueError: no path could be below ``script_name``.
    """

    def __init__(
        self, *, software: str, url_scheme: str, multithread: bool, multiprocess: bool, script_name: str = ""
    ) -> None:
        if script_name and (not script_name.startswith("/") or script_name.endswith("/")):
            raise ValueError(f'script_name must be "" or like "/prefix", not {script_name!r}')
        self._script_name = script_name
        self._base: Environ = {
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": url_scheme,
            "wsgi.multithread": multithread,
            "wsgi.multiprocess": multiprocess,
            "wsgi.run_once": False,
            "wsgi.input_terminated": True,
            "wsgi.file_wrapper": FileWrapper,
            "GATEWAY_INTERFACE": "CGI/1.1",
            "SERVER_SOFTWARE": software,
            "SCRIPT_NAME": script_name,
        }
        if url_scheme == "https":
            self._base["HTTPS"] = "on"

    def build(self, connection_keys: Environ, request: Request) -> Environ:
        """The environ of one request, without ``wsgi.input``; the caller may do with it what it likes.

        Args:
            connection_keys: what is the same for all requests of a connection: its addresses, its socket, TLS.
        Raises:
            RemoteProtocolError: 404, the target is outside of the mount point.
        """
        environ: Environ
        if request.memo is not None:
            environ = request.memo.copy()
        elif type(request) is TemplateRequest:
            return self.fill(self.form(connection_keys, request.template), request)
        else:
            environ = self._request_environ(request)
            if request.repeats:
                request.memo = environ.copy()
        environ.update(connection_keys)
        return environ

    def form(self, connection_keys: Environ, template: Template) -> Environ:
        """What is the same in the environ of all requests by a template on a connection; ``fill`` adds the rest."""
        if template.memo is None:
            template.memo = self._template_environ(template)
        return {**template.memo[1], **connection_keys}

    def fill(self, form: Environ, request: TemplateRequest) -> Environ:
        """As ``build``, given what ``form`` made for the request's template and connection."""
        environ = form.copy()
        environ[request.template.memo[0]] = request.value.decode("latin-1")
        target = request.target.decode()  # ASCII, which is decoded faster if nobody calls it Latin-1
        environ["REQUEST_URI"] = environ["RAW_URI"] = target
        path, _, environ["QUERY_STRING"] = target.partition("?")
        environ["PATH_INFO"] = self._path_info(path.encode()) if "%" in path or self._script_name else path
        return environ

    def _template_environ(self, template: Template) -> tuple[str | None, Environ]:
        """The key of what is not in a template; and an environ with all keys, so that only values are replaced."""
        line = RequestLine(b"GET", b"", (1, 1), b"", b"", None)
        fields = _fields_environ(template.section(b"").pairs)
        environ = {**self._base, **fields, **self._line_environ(line)}
        return _environ_key(template.name), environ

    def _request_environ(self, request: Request) -> Environ:
        line, fields = request.line, request.fields
        if line.memo is None:
            line.memo = self._line_environ(line)
        common = fields.common or fields
        if common.memo is None:
            common.memo = {**self._base, **_fields_environ(common.pairs)}
        environ: Environ = common.memo.copy()
        environ.update(line.memo)
        if fields.own is not None:
            environ.update(_fields_environ((fields.own,)))
        if line.authority is not None:
            # RFC 9112 §3.2.2: the authority of an absolute-form target takes the place of Host.
            environ["HTTP_HOST"] = line.authority.decode("latin-1")
        return environ

    def _line_environ(self, line: RequestLine) -> Environ:
        target = line.target.decode("latin-1")
        return {
            "REQUEST_METHOD": line.method.decode("latin-1"),
            "PATH_INFO": self._path_info(line.path),
            "QUERY_STRING": line.query.decode("latin-1"),
            "SERVER_PROTOCOL": PROTOCOLS[line.version],
            "REQUEST_URI": target,
            "RAW_URI": target,
        }

    def _path_info(self, path: bytes) -> str:
        """Bytes of the path, percent-decoded, as latin-1: ``%FF`` stays one character, ``%E2%82%AC`` becomes three."""
        if _PERCENT in path:
            path = unquote_to_bytes(path)
        decoded = path.decode("latin-1")
        mount = self._script_name
        if not mount or not decoded:
            return decoded
        if decoded != mount and not decoded.startswith(mount + "/"):
            raise RemoteProtocolError("the application is mounted elsewhere on this server", status=404)
        return decoded[len(mount) :]


def _fields_environ(pairs: Iterable[tuple[bytes, bytes]]) -> Environ:
    environ: Environ = {}
    for name, value in pairs:
        key = _environ_key(name)
        if key is None:
            continue
        text = value.decode("latin-1")
        if key not in environ:
            environ[key] = text
        elif key == "HTTP_COOKIE":
            # RFC 6265 §5.4 and RFC 9113 §8.2.3: cookies are joined by "; ", a comma would become part of a value.
            environ[key] += "; " + text
        else:
            environ[key] += "," + text
    return environ


def _environ_key(name: bytes) -> str | None:
    """``HTTP_ACCEPT`` for ``accept``; None for a name that has none."""
    try:
        return _keys[name]  # not if it is there: another thread may empty it just then
    except KeyError:
        pass
    # "X_User" would become the same key as "X-User", which a proxy in front may have removed or set.
    key = None if b"_" in name else name.decode("latin-1").upper().replace("-", "_")
    if key is not None and key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        key = "HTTP_" + key
    if len(name) <= _MEMO_BYTES:
        if len(_keys) >= _MEMO_ENTRIES:
            _keys.clear()
        _keys[name] = key
    return key
