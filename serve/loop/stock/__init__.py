"""What is stored, searched for references, fakes and unknown marks."""
