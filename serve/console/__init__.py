"""The console: pages on which brand teams and trust & safety do what the HTTP API lets programs do.

A page shows what a route under /v1 would answer and does what it would do, under the same permissions. It needs no
script: links and forms are enough.
"""
