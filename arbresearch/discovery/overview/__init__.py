"""How far venues diverge, over many pairs: edges, lifetimes, hours, the venue matrix, and what to remark on."""
