"""What thresholds the outcomes of cases allow."""
