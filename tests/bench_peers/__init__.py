"""Our journeys against other ways to cluster, on the same texts and vectors in one run."""
