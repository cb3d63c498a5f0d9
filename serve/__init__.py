"""The service: HTTP API, scan pipeline, policy, database and command line."""
