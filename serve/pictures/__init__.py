"""Pictures: decoded in worker processes, and kept in a folder or an object store."""
