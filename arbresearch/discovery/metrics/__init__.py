"""One pair in depth: who leads, how the distance of two prices reverts, which venue makes the price."""
