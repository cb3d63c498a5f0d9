"""How the networks learn: renderings, smears and imitations, loops, export and evaluation."""
