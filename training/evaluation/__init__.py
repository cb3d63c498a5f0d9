"""Measurements printed beside their baselines."""
