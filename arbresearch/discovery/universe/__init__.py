"""The coins that venues have in common: who lists what, whether it is one coin, how it moves, and snapshots of all."""
