"""From layers to results: losses per mast, blocks of signal, shares and villages, published atomically."""
