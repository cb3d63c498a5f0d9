"""How the network that sees tampered places learns, whatever was tampered with."""
