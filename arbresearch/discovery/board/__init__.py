"""Rankings over time: who won places, which edge fades, what is gone."""
