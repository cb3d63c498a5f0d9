"""Models that serve: kept, promoted, switched and rolled back."""
