"""The main job on real input: brands, listings, verdicts and a contact sheet, through the HTTP API."""
