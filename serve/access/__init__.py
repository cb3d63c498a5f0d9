"""Who sends a request, by which key, and what it may see and do."""
