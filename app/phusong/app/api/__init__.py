"""HTTP API in the shape of OGC API."""
