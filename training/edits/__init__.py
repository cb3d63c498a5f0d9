"""What sellers do to a mark: smears and imitations, made without end."""
