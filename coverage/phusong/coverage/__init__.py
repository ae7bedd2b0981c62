"""The engine: numbers in, numbers out. Knows no file, no HTTP, no clock, no environment."""
