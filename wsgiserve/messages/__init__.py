"""What wsgiserve says to a person who made a mistake: what happened, why, and what to do.

One function for each message, which returns a UserError; the words live here and nowhere else. Knows no options and no
sockets: whoever finds the mistake passes in what it saw. The slug is also the name of a page of the documentation.
"""

from wsgiserve.messages.configuring import (
    bad_config,
    bad_option,
    internal_error,
    unknown_option,
    unreadable_config,
    watch_path,
)
from wsgiserve.messages.form import (
    CANNOT_BIND,
    CANNOT_LOAD,
    INTERNAL,
    TLS,
    USAGE,
    did_you_mean,
    nearest,
    render,
    render_problem,
    render_remedy,
)
from wsgiserve.messages.listening import (
    address_not_here,
    bad_certificate,
    name_not_found,
    port_denied,
    port_in_use,
    tls_extra,
)
from wsgiserve.messages.loading import (
    app_error,
    asgi_app,
    attribute_not_found,
    factory_needs_args,
    factory_returned_none,
    import_failed,
    many_apps,
    many_modules,
    module_hidden,
    module_not_found,
    no_app_found,
    no_app_named,
    not_callable,
)

__all__ = [
    "CANNOT_BIND",
    "CANNOT_LOAD",
    "INTERNAL",
    "TLS",
    "USAGE",
    "address_not_here",
    "app_error",
    "asgi_app",
    "attribute_not_found",
    "bad_certificate",
    "bad_config",
    "bad_option",
    "did_you_mean",
    "factory_needs_args",
    "factory_returned_none",
    "import_failed",
    "internal_error",
    "many_apps",
    "many_modules",
    "module_hidden",
    "module_not_found",
    "name_not_found",
    "nearest",
    "no_app_found",
    "no_app_named",
    "not_callable",
    "port_denied",
    "port_in_use",
    "render",
    "render_problem",
    "render_remedy",
    "tls_extra",
    "unknown_option",
    "unreadable_config",
    "watch_path",
]
