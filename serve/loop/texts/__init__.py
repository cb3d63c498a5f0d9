"""What listings' texts say of brands, held up and swept."""
