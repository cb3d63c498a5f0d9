"""How the evidence of a scan is weighed: the bundle's `calibration.json`, fitted to scans of development photos."""
