"""The grammar of HTTP/1.1 as compiled patterns, each under the ABNF it stands for.

Floor 1, no behaviour: nothing here knows limits, states or what a match is used for. Patterns are anchored by
``fullmatch`` at the caller. Where we read less than the RFC allows, or more, the comment says so and why.
Source: RFC 9110 §5, RFC 9112 §2-7, RFC 3986 §3.2.
"""

from __future__ import annotations

import re

__all__ = [
    "ABSOLUTE_FORM",
    "AUTHORITY_FORM",
    "CHUNK_LINE",
    "CONTENT_LENGTH",
    "FIELD_LINE",
    "HOST",
    "NAME_AND_SPACE",
    "ORIGIN_FORM",
    "REQUEST_LINE",
    "SECRET_GET",
    "TCHAR",
    "USUAL_REQUEST_LINE",
]

#   tchar = "!" / "#" / "$" / "%" / "&" / "'" / "*" / "+" / "-" / "." / "^" / "_" / "`" / "|" / "~" / DIGIT / ALPHA
TCHAR = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]"

#   field-line  = field-name ":" OWS field-value OWS
#   field-value = *field-content          field-vchar = VCHAR / obs-text
# HTAB and SP may stand inside, every other control byte is refused (RFC 9110 §5.5: CR, LF and NUL are dangerous,
# the others invalid). White space around the value is not part of it. The first run of it is possessive: it could be
# given back byte by byte to the last one, and 8 KiB of blanks before a control byte would take a third of a second.
FIELD_LINE = re.compile(rb"(" + TCHAR + rb"+):[ \t]*+((?:[!-~\x80-\xff]+(?:[ \t]+[!-~\x80-\xff]+)*)?)[ \t]*")

# What FIELD_LINE refused, told apart for the message: RFC 9112 §5.1, no white space between name and colon.
NAME_AND_SPACE = re.compile(TCHAR + rb"+[ \t]+:.*", re.DOTALL)

#   request-line = method SP request-target SP HTTP-version
#   HTTP-version = "HTTP" "/" DIGIT "." DIGIT
# The target is checked by its form below. VCHAR only: RFC 3986 has no raw non-ASCII, and a guess at its encoding
# would be a guess about which resource is meant.
REQUEST_LINE = re.compile(rb"(" + TCHAR + rb"+) ([!-~]+) HTTP/([0-9])\.([0-9])")

#   origin-form = absolute-path [ "?" query ]
# Wider than RFC 3986: browsers leave | ^ ` { } [ ] \ " < > in queries, and some in paths, as the URL standard tells
# them to. Not "#": a fragment is never sent (RFC 9110 §7.1), and proxies disagree about what follows it.
_ORIGIN_FORM = rb'(/[!"$->@-~]*)(?:\?([!"$-~]*))?'
ORIGIN_FORM = re.compile(_ORIGIN_FORM)

# Nearly every request-line, in one match: REQUEST_LINE and ORIGIN_FORM of HTTP/1.1.
USUAL_REQUEST_LINE = re.compile(rb"(" + TCHAR + rb"+) (" + _ORIGIN_FORM + rb") HTTP/1\.1")

# A browser's head, in one match: a GET in origin-form, and around the value of one field all that stands before and
# after it. It accepts less than the above and more: whoever uses it knows what may stand around, and looks for "#" in
# the target. A range is tested in half the time of a set, and 50 bytes of target make it 1,000 instructions of 70,000.
SECRET_GET = re.compile(
    rb"GET (/[!-~]*) HTTP/1\.1(.*\r\n(?:Cookie|Authorization): )([!-~\x80-\xff][ -~\x80-\xff]*+)(?<! )(\r\n.*)",
    re.DOTALL,
)

#   unreserved / pct-encoded / sub-delims
_REG_CHAR = rb"(?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})"
_H16 = rb"[0-9A-Fa-f]{1,4}"
_DEC_OCTET = rb"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_LS32 = rb"(?:" + _H16 + rb":" + _H16 + rb"|(?:" + _DEC_OCTET + rb"\.){3}" + _DEC_OCTET + rb")"


def _ipv6_address() -> bytes:
    """IPv6address of RFC 3986 §3.2.2: six groups and ls32, or ``::`` after at most n groups, with the rest after it."""
    group = _H16 + rb":"
    whole = rb"(?:" + group + rb"){6}"
    heads = [rb"(?:(?:" + group + rb"){0,%d}" % (n - 1) + _H16 + rb")?" if n else rb"" for n in range(8)]
    before_ls32 = [head + rb"::(?:" + group + rb"){%d}" % (5 - n) for n, head in enumerate(heads[:6])]
    # What ends with ls32 has it in common, and is compiled in a third of the time: whoever starts waits for it.
    common = rb"(?:" + rb"|".join([whole, *before_ls32]) + rb")" + _LS32
    return rb"|".join([common, heads[6] + rb"::" + _H16, heads[7] + rb"::"])


#   uri-host = IP-literal / IPv4address / reg-name        (an IPv4address is a reg-name too)
#   IP-literal = "[" ( IPv6address / IPvFuture  ) "]"
_IP_LITERAL = rb"\[(?:" + _ipv6_address() + rb"|v[0-9A-Fa-f]+\.[A-Za-z0-9\-._~!$&'()*+,;=:]+)\]"
_URI_HOST = rb"(?:" + _IP_LITERAL + rb"|" + _REG_CHAR + rb"+)"

#   Host = uri-host [ ":" port ]          port = *DIGIT
# Five digits are enough for any port. Empty is right when the target URI has no authority (RFC 9110 §7.2); a port
# without a host never is: an http URI whose host is empty is invalid (RFC 9110 §4.2.1).
HOST = re.compile(rb"(?:" + _URI_HOST + rb"(?::[0-9]{0,5})?)?")

#   authority-form = uri-host ":" port      HOST checks the first of the two
AUTHORITY_FORM = re.compile(rb".+:[0-9]{1,5}")

#   absolute-form = absolute-URI          of the schemes http and https
# "userinfo@" is refused, as RFC 9110 §4.2.4 wants from a reference of unknown source; HOST checks the authority.
ABSOLUTE_FORM = re.compile(rb'([Hh][Tt][Tt][Pp][Ss]?)://([^/?#@]+)((?:/[!"$->@-~]*)?)(?:\?([!"$-~]*))?')

#   Content-Length = 1*DIGIT
CONTENT_LENGTH = re.compile(rb"[0-9]+")

#   chunk-size [ chunk-ext ] CRLF         chunk-size = 1*HEXDIG
#   chunk-ext  = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] )
#   quoted-string = DQUOTE *( qdtext / quoted-pair ) DQUOTE
# Sixteen digits are 2**64: longer sizes are an attack on somebody's integer.
_QUOTED = rb'"(?:[\t !#-\[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*"'
CHUNK_LINE = re.compile(
    rb"([0-9A-Fa-f]{1,16})((?:[ \t]*;[ \t]*" + TCHAR + rb"+(?:[ \t]*=[ \t]*(?:" + TCHAR + rb"+|" + _QUOTED + rb"))?)*)"
)
