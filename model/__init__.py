"""What the networks are and compute: decoding, detector, embedder, verifier, and the runtime that serves them."""

CHAMPION = "hallmark-32"
"""Name of the released bundle that serves."""
