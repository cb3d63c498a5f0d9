"""What decisions and jurors teach."""
