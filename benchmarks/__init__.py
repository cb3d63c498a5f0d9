"""Slow measurements; each script runs alone, prints a table and, as its last line, one JSON object."""
