"""The loop with the rights holders: listings, cases, complaints, and what every decision teaches."""
