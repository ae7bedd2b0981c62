"""Command line, HTTP API, jobs and reports: composes geodata and coverage."""
