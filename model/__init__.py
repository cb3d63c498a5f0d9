"""What the networks are and compute: decoding, detector, embedder, verifier, and the runtime that serves them."""
