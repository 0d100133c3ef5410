"""The oracle: one application under werkzeug's server and under ours, the same requests to both, and each difference
either a row of ``docs/differences.md`` or a bug.

The parts, in the order in which a comparison uses them::

    serving.py        serves an application by its name, in a process of its own; records the environs it sees
    cases.py          requests as bytes, one table per theme      -> wire.py sends them and reads the answers
    conversations.py  requests through ``requests``, one conversation per sample application
    facts.py          an answer as a flat dict of facts; what must vary between two servers is normalised here
    rows.py           a function per row of ``docs/differences.md`` that recognises its difference
    test_oracle.py    compares: what no row recognises fails, and so does a row that a case promises and nobody sees

A case names in ``shows`` the rows that it is there to show. Every row is shown by some case and every case is run, so
a row that is not, or no longer, true fails; and the ids in the document, in ``rows.py`` and in the cases must agree.
"""
