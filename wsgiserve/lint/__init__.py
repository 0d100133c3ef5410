"""What an application does that some server will not bear, or that its author did not mean; imported only if asked for.

Stands above the server. The gateway (``gateway.py``) sees a request's way through the application as the server does,
so nothing stands between the two, and an application is run as it is without. ``rules.py`` has the codes, which are
stable; each has a page in ``docs/lint/``.
Source: PEP 3333; RFC 9110 for the rules about fields.
"""

from wsgiserve.lint.finding import Finding, Linter, log_finding
from wsgiserve.lint.handler import LintingHandler, linting
from wsgiserve.lint.rules import RULES, Rule, page_of

__all__ = ["RULES", "Finding", "Linter", "LintingHandler", "Rule", "linting", "log_finding", "page_of"]
