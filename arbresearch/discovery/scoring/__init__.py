"""From blocks to a ranking: evidence, the lower bound, the one reason for a refusal, and how to tell it."""
