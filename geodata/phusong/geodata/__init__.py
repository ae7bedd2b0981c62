"""Formats, CRS and storage: files in, checked tables and grids out."""
