"""Tests of wsgiserve."""
