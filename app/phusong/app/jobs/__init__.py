"""Long work as jobs: accepted, run one at a time, told of, cancelled, taken up again after a restart."""
