"""The pure parts of the benchmark: what is read, computed and drawn; and that a wrong answer is seen."""
