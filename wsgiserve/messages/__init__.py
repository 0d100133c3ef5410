"""What wsgiserve says to a person who made a mistake: what happened, why, and what to do.

One function for each message, which returns a UserError; the words live here and nowhere else. Knows no options and no
sockets: whoever finds the mistake passes in what it saw. The slug is also the name of a page of the documentation.

The modules are imported when something is to be said: most starts say nothing, and would wait for them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wsgiserve.messages.configuring import (
        bad_config,
        bad_option,
        dotenv_extra,
        env_file_missing,
        env_file_unreadable,
        internal_error,
        unknown_option,
        unreadable_config,
        watch_path,
    )
    from wsgiserve.messages.form import (
        CANNOT_BIND,
        CANNOT_LOAD,
        FOUND_PROBLEMS,
        INTERNAL,
        NOT_CONFORMING,
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
        app_died,
        app_error,
        asgi_app,
        attribute_not_found,
        django_checks,
        factory_needs_args,
        factory_returned_none,
        import_failed,
        many_apps,
        many_modules,
        module_hidden,
        module_not_found,
        no_app_found,
        no_app_named,
        no_flask_app,
        no_flask_module,
        not_callable,
    )
    from wsgiserve.messages.trusting import mkcert_failed, no_trust_store, tls_folder, tls_host, trust_store
else:

    def __getattr__(name: str) -> Any:
        """Source: PEP 562. Not for type checkers, who would take any name for one that is there."""
        if name in __all__:
            for home in ("form", "configuring", "listening", "loading", "trusting"):
                module = import_module(f"{__name__}.{home}")
                if name in module.__all__:
                    return getattr(module, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "CANNOT_BIND",
    "CANNOT_LOAD",
    "FOUND_PROBLEMS",
    "INTERNAL",
    "NOT_CONFORMING",
    "TLS",
    "USAGE",
    "address_not_here",
    "app_died",
    "app_error",
    "asgi_app",
    "attribute_not_found",
    "bad_certificate",
    "bad_config",
    "bad_option",
    "did_you_mean",
    "django_checks",
    "dotenv_extra",
    "env_file_missing",
    "env_file_unreadable",
    "factory_needs_args",
    "factory_returned_none",
    "import_failed",
    "internal_error",
    "many_apps",
    "many_modules",
    "mkcert_failed",
    "module_hidden",
    "module_not_found",
    "name_not_found",
    "nearest",
    "no_app_found",
    "no_app_named",
    "no_flask_app",
    "no_flask_module",
    "no_trust_store",
    "not_callable",
    "port_denied",
    "port_in_use",
    "render",
    "render_problem",
    "render_remedy",
    "tls_extra",
    "tls_folder",
    "tls_host",
    "trust_store",
    "unknown_option",
    "unreadable_config",
    "watch_path",
]
