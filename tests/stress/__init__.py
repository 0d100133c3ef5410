"""Many clients at once, good ones and bad ones, for as long as one likes: every answer has to be right.

``python -m tests.stress --help`` runs it by hand; ``test_stress.py`` runs it in the slow suite.
"""
