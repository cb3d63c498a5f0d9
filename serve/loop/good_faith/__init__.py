"""How far rights holders are believed, and what they prove."""
