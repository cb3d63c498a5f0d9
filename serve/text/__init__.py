"""What people write: bounded, its letters folded, and searched for the words that name brands."""
