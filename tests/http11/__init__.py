"""Tests of floor 1, module by module: bytes in, events or bytes out."""
