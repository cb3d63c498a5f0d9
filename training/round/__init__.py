"""The round: what decisions taught becomes a candidate that may take the champion's place."""
