"""Genuine imagery made searchable: the interface, FAISS, and snapshots."""
