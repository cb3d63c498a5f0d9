"""The scan, top to bottom (scan.py): its steps, the policy that judges, what it answers, and how it is replayed."""
