"""Genuine marks as the world shows them: logos, materials, light, things for sale, whole scenes."""
