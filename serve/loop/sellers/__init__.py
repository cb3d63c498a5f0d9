"""Sellers who infringe, and those who belong together."""
