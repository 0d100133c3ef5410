"""Many processes: a supervisor that has workers and waits, and what it takes to talk to another process.

Floor 4. Knows descriptors, signals and the ends of processes, and nothing of HTTP or of what a worker does.
"""
