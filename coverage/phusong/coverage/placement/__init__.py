"""Where to build: towers, fibre, technology, with proven bounds."""
