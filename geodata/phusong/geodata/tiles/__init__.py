"""Vector and raster tiles."""
