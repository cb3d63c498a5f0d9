"""Brands and their references, the log of their changes, and this process's copies of them: index and catalogue."""
