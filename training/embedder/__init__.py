"""How the embedder learns, and how it is released."""
