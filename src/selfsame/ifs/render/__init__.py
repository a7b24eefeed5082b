"""Pictures of systems: histograms of orbits, recursion, splats, views of 3-D."""
