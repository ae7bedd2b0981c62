"""Antennas, bands, carriers and link budgets."""
