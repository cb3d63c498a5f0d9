"""Torch definitions of the networks; serving never imports this package."""
