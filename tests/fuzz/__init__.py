"""Coverage-guided fuzzing of the parser: what every input has to leave true (``targets.py``), and the inputs kept."""
