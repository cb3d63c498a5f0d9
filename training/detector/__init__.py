"""How the detector learns, and how it is released."""
