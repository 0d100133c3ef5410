"""What other servers promise, or have mended, asked of ours: run from what is installed, and nothing of theirs copied.

What a standard asks is a case of ``wsgiserve conform`` with the peers' faults in its ``known``; what Flask's and
Django's commands do is in ``tests/frameworks``, and what werkzeug's server answers in ``tests/oracle``.
"""
