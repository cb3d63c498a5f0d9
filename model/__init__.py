"""What the networks are and compute: decoding, preprocessing, detector, embedder, verifier, and the runtime that serves them."""
