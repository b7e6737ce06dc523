"""Money by block of time: what acting on every episode of a pair would have earned, with all that it takes."""
