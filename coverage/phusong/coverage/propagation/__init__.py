"""Path loss: one Recommendation, one module; areas are computed from the same functions as single paths."""
