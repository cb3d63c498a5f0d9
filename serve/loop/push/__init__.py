"""What happens, told to rights holders."""
