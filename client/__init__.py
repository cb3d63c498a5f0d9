"""How other programs talk to Hallmark: a typed HTTP client, and a service of one's own to talk to."""
