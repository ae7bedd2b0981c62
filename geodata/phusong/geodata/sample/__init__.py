"""Plausible synthetic layers, deterministic by seed and always labelled synthetic."""
