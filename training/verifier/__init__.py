"""How the verifier's networks and head learn, and how they are released."""
