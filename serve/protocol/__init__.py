"""What HTTP asks of every route: ids, limits, HEAD, idempotency, pages, problem documents, OpenAPI."""
