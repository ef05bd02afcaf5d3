"""What users did, and where it lies: reading logs, embedding texts, storing keywords."""
