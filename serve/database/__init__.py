"""PostgreSQL: the embedded server, the tables and their migrations."""
